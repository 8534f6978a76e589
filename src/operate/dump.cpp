#include "operate/dump.hpp"

#include <map>
#include <span>

#include "codec/ordered.hpp"
#include "codec/record.hpp"
#include "codec/varint.hpp"
#include "commit/derivation.hpp"
#include "commit/transaction.hpp"
#include "model/document_content.hpp"
#include "model/event.hpp"
#include "model/own_collection.hpp"
#include "model/record.hpp"
#include "operate/load_point.hpp"
#include "platform/clock.hpp"
#include "platform/random.hpp"
#include "strata/error.hpp"

namespace strata::operate {
namespace {

using commit::CollectionDefinition;

constexpr int dump_format = 1;

/// In the order of the keys; events in that of their numbers, so that a store that loads them gives them positions that
/// rise with their numbers.
void for_each_row(commit::View& view, const CollectionDefinition& collection,
                  const std::function<void(bytes_view key, bytes_view row)>& visit) {
  const commit::IndexDefinition* numbers =
      collection.name == model::events_name ? collection.index(model::event_number_index) : nullptr;
  if (!numbers) {
    const auto cursor = view.reader().scan({collection.records(), {}, {}}, {});
    while (cursor->next()) visit(cursor->key(), cursor->value());
    return;
  }
  const auto cursor = view.reader().scan({numbers->space(), {}, {}}, {.keys_only = true});
  while (cursor->next()) {
    const Bytes key(codec::split_index_entry(cursor->key()).primary_key);
    const auto row = view.reader().get({collection.records(), key});
    if (!row) {
      throw Error(ErrorCode::corruption,
                  "the index of event numbers names record `" + key + "`, which is not there; run `strata verify`");
    }
    visit(key, *row);
  }
}

void write_collection(commit::View& view, const CollectionDefinition& collection,
                      const std::function<void(std::string_view)>& sink, engine::Progress* progress,
                      std::uint64_t& done) {
  Value line = Value::object({{"collection", collection.name}});
  const Value definition = commit::encode_definition(collection);
  line.set("definition", definition);
  sink(line.to_json());
  const Time now = platform::clock().now();
  const std::string collection_json = Value(collection.name).to_json();
  std::string text;
  for_each_row(view, collection, [&](bytes_view key, bytes_view stored) {
    const codec::RecordRow row = model::decode_row(collection, key, stored);
    if (model::is_expired(row.header, now)) return;
    text = "{\"collection\":" + collection_json + ",\"key\":";
    Value(key).view().to_json(text);
    text += ",\"value\":";
    ValueView(row.body).to_json(text);
    text +=
        ",\"created\":\"" + row.header.created.to_string() + "\",\"updated\":\"" + row.header.updated.to_string() + '"';
    if (row.header.expires) text += ",\"expires\":\"" + row.header.expires->to_string() + '"';
    text += '}';
    sink(text);
    if (++done % 1024 == 0 && progress && !progress->advance("dump", done, view.head().records)) {
      throw Error(ErrorCode::busy, "the dump was cancelled and is not complete");
    }
  });
}

/// Reads a dump line by line into a store.
class Loading {
 public:
  Loading(commit::Trunk& trunk, engine::Progress* progress) : trunk_(trunk), progress_(progress) {}

  LoadReport run(const std::function<bool(std::string& line)>& source) {
    std::string line;
    while (!ended_ && source(line)) {
      ++line_number_;
      if (line.empty()) continue;
      const Value parsed = parse(line);
      if (line_number_ == 1 || !begun_) {
        begin(parsed);
      } else if (parsed["end"]) {
        end(parsed);
      } else if (parsed["definition"]) {
        declare(parsed);
      } else {
        take_record(parsed, line.size());
      }
    }
    if (!begun_) throw Error(ErrorCode::invalid_argument, "the dump is empty");
    if (!ended_) {
      flush();
      refuse("the dump ends without its last line: it was cut short; what came before has been loaded");
    }
    return report_;
  }

 private:
  static constexpr std::size_t batch_records = 2000;
  static constexpr std::size_t batch_bytes = std::size_t{4} << 20;

  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(ErrorCode::invalid_argument, "line " + std::to_string(line_number_) + " of the dump: " + why);
  }

  Value parse(const std::string& line) const {
    try {
      Value value = Value::from_json(line);
      if (value.type() != ValueType::object) refuse("it is no JSON object");
      return value;
    } catch (const Error& error) {
      refuse(error.what());
    }
  }

  std::string text_at(const Value& line, std::string_view name) const {
    const ValueView found = line[name];
    if (found.type() != ValueType::string) refuse("`" + std::string(name) + "` is missing or no text");
    return std::string(found.as_string());
  }

  std::optional<Time> time_at(const Value& line, std::string_view name) const {
    if (!line[name]) return std::nullopt;
    const auto time = Time::parse(text_at(line, name));
    if (!time) refuse("`" + std::string(name) + "` is no time");
    return time;
  }

  void begin(const Value& line) {
    begun_ = true;
    if (line["strata"].int_or(0) != dump_format) {
      refuse(line["strata"] ? "this version of Strata reads dumps of format 1"
                            : "this is no dump (it lacks the line that begins one)");
    }
    total_ = static_cast<std::uint64_t>(line["records"].int_or(0));
    expected_digest_ = text_at(line, "digest");
    const std::uint64_t digest_key = line["digest_key"].as_uint();
    point_.dump = expected_digest_ + " " + text_at(line, "store") + " " + line["position"].to_json();
    trunk_.exclusive(trunk_.deadline({}), Durability::sync, [&](commit::Writer& writer) {
      find_point(writer, digest_key);
      if (point_.fresh) writer.head().digest_key = digest_key;
      store_point(writer);
    });
    const ValueView next = line["next_space"];
    if (point_.fresh && next && trunk_.view()->catalogue().next_space() != next.as_uint()) apply_next_space(next);
  }

  /// Goes on with a load of this dump that was stopped, unless others have written since.
  void find_point(commit::Writer& writer, std::uint64_t digest_key) {
    const codec::Head& head = writer.head();
    if (const auto row = writer.transaction().get({commit::state_space, load_point_key})) {
      const LoadPoint there = decode_load_point(*row);
      resumed_ = there.dump == point_.dump && there.digest == head.digest;
      diverged_ = there.dump == point_.dump && !resumed_;
      if (resumed_) point_ = there;
    }
    if (resumed_) return;
    const auto has = [&](std::string_view name) {
      const CollectionDefinition* found = writer.catalogue()->find(name);
      return found && writer.totals(found->records()).rows > 0;
    };
    const bool empty = head.position == Position{} && head.records == 0;
    // Also when the whole dump is here already: nothing that comes is another's.
    resumed_ = !empty && head.digest_key == digest_key && head.digest.to_string() == expected_digest_;
    point_.fresh = empty || resumed_;
    point_.had_events = !resumed_ && has(model::events_name);
    point_.had_documents = !resumed_ && has(model::chunks_name);
    point_.digest = head.digest;
  }

  void store_point(commit::Writer& writer) const {
    writer.note_written();
    if (alone_) {
      writer.transaction().put({commit::state_space, load_point_key}, encode_load_point(point_));
    } else {
      writer.transaction().erase({commit::state_space, load_point_key});
    }
  }

  /// In the write section; where the load stands is kept with what `work` does.
  void write(const std::function<void(commit::Writer&)>& work) {
    trunk_.exclusive(trunk_.deadline(std::chrono::seconds(60)), Durability::relaxed, [&](commit::Writer& writer) {
      alone_ = alone_ && writer.head().digest == point_.digest;
      work(writer);
      point_.digest = writer.head().digest;
      store_point(writer);
    });
  }

  commit::Request new_request() {
    commit::Request request;
    request.id = platform::make_uuid();
    request.origin = "load";
    return request;
  }

  void apply_next_space(ValueView next) {
    commit::Request request = new_request();
    commit::Write write;
    write.space = commit::catalogue_space;
    write.key = commit::next_space_key;
    write.body = Value::object({{"next", Value(next)}}).encoded();
    request.writes.push_back(std::move(write));
    commit_request(std::move(request));
  }

  void commit_request(commit::Request request) {
    write([&](commit::Writer& writer) {
      request.seen = writer.head().position;
      if (trunk_.engine().capabilities().remote) {
        const commit::Request* only = &request;
        writer.fetch_ahead(std::span(&only, 1));
      }
      if (resumed_) std::erase_if(request.writes, [&](const commit::Write& one) { return is_there(writer, one); });
      if (!request.writes.empty()) writer.apply(request);
    });
  }

  /// The record is as the dump has it: it came with the load that was stopped.
  static bool is_there(commit::Writer& writer, const commit::Write& write) {
    const CollectionDefinition* collection = writer.catalogue()->find(write.space);
    const auto stored = collection ? writer.transaction().get({write.space, write.key}) : std::nullopt;
    if (!stored) return false;
    const Bytes copy(*stored);
    const codec::RecordRow row = model::decode_row(*collection, write.key, copy);
    const auto same = [](const std::optional<Time>& wanted, Time there) { return !wanted || *wanted == there; };
    return row.body == write.body && row.header.expires == write.expires && same(write.created, row.header.created) &&
           same(write.updated, row.header.updated);
  }

  void declare(const Value& line) {
    flush();
    ++report_.collections;
    CollectionDefinition definition = commit::decode_definition(text_at(line, "collection"), line["definition"]);
    write([&](commit::Writer& writer) {
      if (const CollectionDefinition* there = writer.catalogue()->find(definition.name)) {
        check_may_add(*there, writer.totals(there->records()).rows > 0);
        return;  // what is there already keeps its declaration
      }
      auto view = std::make_unique<commit::View>(writer.transaction(), std::make_shared<codec::Head>(writer.head()),
                                                 writer.catalogue());
      commit::Transaction transaction(std::move(view), platform::make_uuid(), platform::clock().now(),
                                      commit::Transaction::Tracking::none);
      if (!model::is_own(definition.name)) commit::check_collection_name(definition.name);
      if (!point_.fresh) renumber(transaction, definition);
      transaction.define(definition);
      commit::Request request = transaction.take_request();
      request.origin = "load";
      writer.apply(request);
    });
  }

  void check_may_add(const CollectionDefinition& there, bool has_rows) const {
    const bool events = there.name == model::events_name;
    if (!has_rows || (!events && there.name != model::chunks_name)) return;
    const bool had = events ? point_.had_events : point_.had_documents;
    if (resumed_ && alone_ && !had) return;  // those are the dump's own
    if (diverged_) {
      refuse("a load of this dump was stopped, and the store was written to since; load into an empty store");
    }
    refuse(events
               ? "the store has events already, and two orders of events cannot be made one; load into a store without"
               : "the store has documents already, whose chunks are counted otherwise; load into a store without");
  }

  static void renumber(commit::Transaction& transaction, CollectionDefinition& definition) {
    definition.id = transaction.take_space();
    if (definition.options.history.enabled) definition.history_id = transaction.take_space();
    for (commit::IndexDefinition& index : definition.indexes) {
      index.id = transaction.take_space();
      index.ready = true;  // over no records: writers fill it
    }
  }

  void take_record(const Value& line, std::size_t bytes) {
    const std::string collection = text_at(line, "collection");
    const std::string key = text_at(line, "key");
    if (!line["value"]) refuse("`value` is missing");
    model::check_key(key);
    model::check_body(key, line["value"]);
    if (collection != collection_name_) {
      flush();
      const auto view = trunk_.view();
      const CollectionDefinition* found = view->catalogue().find(collection);
      if (!found) refuse("collection `" + collection + "` has not been declared before");
      collection_name_ = collection;
      records_ = found->records();
    }
    if (collection == model::events_name) check_event(key, line["value"]);
    commit::Write write;
    write.space = records_;
    write.key = key;
    write.body = line["value"].encoded();
    write.created = time_at(line, "created");
    write.updated = time_at(line, "updated");
    write.expires = time_at(line, "expires");
    batch_.insert_or_assign(key, std::move(write));
    batch_size_ += bytes;
    ++report_.records;
    if (batch_.size() >= batch_records || batch_size_ >= batch_bytes) flush();
  }

  void check_event(const std::string& key, ValueView value) {
    const ValueView number = value[model::event_number_field];
    if (!model::split_event_key(key) || number.type() != ValueType::integer) refuse("this is no event");
    if (number.as_uint() <= event_number_) refuse("events must come in the order of their numbers");
    event_number_ = number.as_uint();
  }

  void flush() {
    if (batch_.empty()) return;
    commit::Request request = new_request();
    for (auto& [key, write] : batch_) request.writes.push_back(std::move(write));
    batch_.clear();
    batch_size_ = 0;
    commit_request(std::move(request));
    if (progress_ && !progress_->advance("load", report_.records, total_)) {
      throw Error(ErrorCode::busy,
                  "the load was cancelled; what came before line " + std::to_string(line_number_) + " has been loaded");
    }
  }

  void end(const Value& line) {
    flush();
    ended_ = true;
    if (static_cast<std::uint64_t>(line["records"].int_or(-1)) != report_.records) {
      refuse("it announces " + std::to_string(line["records"].int_or(-1)) + " records, but " +
             std::to_string(report_.records) + " came");
    }
    trunk_.exclusive(trunk_.deadline({}), Durability::sync, [&](commit::Writer& writer) {
      if (point_.fresh) compare(writer.head().digest.to_string());
      writer.note_written();
      writer.transaction().erase({commit::state_space, load_point_key});
    });
    report_.digest_compared = point_.fresh;
  }

  void compare(const std::string& digest) const {
    if (digest == expected_digest_) return;
    throw Error(ErrorCode::corruption, "the store loaded has digest " + digest + ", the dump says " + expected_digest_ +
                                           ": the dump was changed, or others wrote meanwhile");
  }

  commit::Trunk& trunk_;
  engine::Progress* progress_;
  LoadReport report_;
  std::uint64_t line_number_ = 0;
  std::uint64_t total_ = 0;
  bool begun_ = false, ended_ = false;
  LoadPoint point_;
  bool resumed_ = false;   ///< What is in the store is of this dump, and may be met again.
  bool diverged_ = false;  ///< It would be, had others not written.
  bool alone_ = true;      ///< So far nobody else has.
  std::string expected_digest_;
  std::string collection_name_;
  commit::Space records_;
  std::map<std::string, commit::Write> batch_;
  std::size_t batch_size_ = 0;
  std::uint64_t event_number_ = 0;  ///< Of the event before.
};

/// Digest and number of what a dump holds: expired records are left out of it.
struct Live {
  codec::Hash128 digest;
  std::uint64_t records = 0;
};

Live live_part(commit::View& view) {
  Live live{view.head().digest, 0};
  const Time now = platform::clock().now();
  const std::uint64_t digest_key = view.head().digest_key;
  for (const auto& [name, collection] : view.catalogue().collections()) {
    if (const auto row = view.reader().get({commit::totals_space, commit::totals_key(collection.records())})) {
      live.records += codec::decode_totals(*row).rows;
    }
  }
  const Bytes end = commit::expiry_key(now, commit::Space{}, {});
  const auto cursor = view.reader().scan({commit::expiry_space, {}, end}, {.keys_only = true});
  while (cursor->next()) {
    const Bytes entry(cursor->key());
    const commit::Space space{codec::read_be32(entry.data() + 8)};
    const std::string_view key = std::string_view(entry).substr(12);
    const auto row = view.reader().get({space, key});
    if (!row) continue;
    const codec::RecordRow decoded = codec::decode_record({space, key}, *row);
    live.digest -= codec::digest_term(
        {space, key}, codec::content_hash(decoded.body, decoded.header.expires, digest_key), digest_key);
    --live.records;
  }
  return live;
}

}  // namespace

void dump(commit::Trunk& trunk, const std::function<void(std::string_view line)>& sink, engine::Progress* progress) {
  const auto view = trunk.view();
  const codec::Head& head = view->head();
  const Live live = live_part(*view);
  const commit::Catalogue& catalogue = view->catalogue();
  Value first = Value::object({{"strata", dump_format},
                               {"store", head.store_id.to_string()},
                               {"position", head.position.value},
                               {"time", head.time.to_string()},
                               {"digest", live.digest.to_string()},
                               {"digest_key", head.digest_key},
                               {"records", live.records}});
  if (catalogue.next_space_version() != Version{}) first.set("next_space", Value(catalogue.next_space()));
  sink(first.to_json());
  std::uint64_t done = 0;
  for (const auto& [name, collection] : catalogue.collections())
    write_collection(*view, collection, sink, progress, done);
  sink(Value::object({{"end", true}, {"records", done}}).to_json());
}

LoadReport load(commit::Trunk& trunk, const std::function<bool(std::string& line)>& source,
                engine::Progress* progress) {
  return Loading(trunk, progress).run(source);
}

}  // namespace strata::operate
