#include "operate/verify.hpp"

#include <functional>

#include "codec/log_entry.hpp"
#include "codec/ordered.hpp"
#include "codec/record.hpp"
#include "codec/varint.hpp"
#include "commit/derivation.hpp"
#include "commit/index_entries.hpp"
#include "model/event.hpp"
#include "operate/lookups.hpp"
#include "operate/verify_documents.hpp"
#include "operate/verify_graph.hpp"
#include "operate/verify_queues.hpp"
#include "operate/verify_vectors.hpp"
#include "platform/clock.hpp"
#include "strata/error.hpp"

namespace strata::operate {
namespace {

using commit::CollectionDefinition;
using commit::IndexDefinition;

constexpr std::size_t problems_max = 100;
/// Of a key in the expiry index: time and space stand before the record's key.
constexpr std::size_t expiry_key_prefix = 12;
constexpr std::chrono::microseconds clock_trusted_within = std::chrono::hours(24);

class Verification {
 public:
  Verification(commit::View& view, engine::Progress* progress)
      : reader_(view.reader()), view_(view), progress_(progress) {}

  VerifyReport run() {
    report_.position = view_.position();
    const auto& collections = view_.catalogue().collections();
    guarded("catalogue", [&] { check_records(commit::catalogue_space, nullptr); });
    for (const auto& entry : collections) {
      const CollectionDefinition& collection = entry.second;
      const std::string& name = collection.name;
      guarded("collection `" + name + "`", [&] { check_records(collection.records(), &collection); });
      for (const IndexDefinition& index : collection.indexes) {
        if (index.ready)
          guarded("index `" + index.options.name + "` of collection `" + name + "`",
                  [&] { check_index(collection, index); });
      }
      if (collection.options.history.enabled)
        guarded("history of collection `" + name + "`", [&] { check_history(collection); });
      if (name == model::events_name) guarded("events", [&] { check_events(collection); });
    }
    guarded("queues", [&] { verify_queues(view_, [this](std::string text) { problem(std::move(text)); }); });
    guarded("vectors", [&] { verify_vectors(view_, [this](std::string text) { problem(std::move(text)); }); });
    guarded("documents", [&] { verify_documents(view_, [this](std::string text) { problem(std::move(text)); }); });
    guarded("the graph", [&] { verify_graph(view_, [this](std::string text) { problem(std::move(text)); }); });
    guarded("expiry", [&] { check_expiry(); });
    guarded("log", [&] { check_log(); });
    if (view_.head().time > platform::clock().now() + clock_trusted_within) {
      problem("the newest commit has the time " + view_.head().time.to_string() +
              ", far ahead of this machine's clock: set the clock right; until then nothing expires");
    }
    if (digest_ != view_.head().digest) {
      problem("the digest of what is stored is " + digest_.to_string() + ", the head says " +
              view_.head().digest.to_string());
    }
    if (rows_ != view_.head().records) {
      problem("there are " + std::to_string(rows_) + " records, the head says " + std::to_string(view_.head().records));
    }
    return std::move(report_);
  }

 private:
  void problem(std::string text) {
    if (report_.problems.size() < problems_max) report_.problems.push_back(std::move(text));
  }

  /// An engine that cannot go on ends the part, not the whole.
  void guarded(const std::string& part, const std::function<void()>& check) {
    try {
      check();
    } catch (const Error& error) {
      if (error.code() == ErrorCode::busy) throw;
      problem(part + ": " + error.what());
    }
  }

  void advance(std::string_view phase, std::uint64_t done) {
    if (progress_ && done % 4096 == 0 && !progress_->advance(phase, done, 0)) {
      throw Error(ErrorCode::busy, "verifying was cancelled; run it again to check everything");
    }
  }

  static std::string place(const CollectionDefinition* collection, std::string_view key) {
    return "record `" + std::string(key) + "` of " +
           (collection ? "collection `" + collection->name + "`" : "the catalogue");
  }

  void check_totals(const std::string& what, commit::Space space, const codec::SpaceTotals& found) {
    codec::SpaceTotals kept;
    if (const auto row = reader_.get({commit::totals_space, commit::totals_key(space)}))
      kept = codec::decode_totals(*row);
    if (kept.rows != found.rows || kept.bytes != found.bytes) {
      problem(what + ": there are " + std::to_string(found.rows) + " rows of " + std::to_string(found.bytes) +
              " bytes, the totals say " + std::to_string(kept.rows) + " of " + std::to_string(kept.bytes));
    }
    if (kept.digest != found.digest) problem(what + ": the digest of what is stored is not the one kept for it");
  }

  void check_records(commit::Space space, const CollectionDefinition* collection) {
    codec::SpaceTotals found;
    const std::uint64_t digest_key = view_.head().digest_key;
    Lookups lookups(reader_);
    const auto cursor = reader_.scan({space, {}, {}}, {});
    while (cursor->next()) {
      const Bytes key(cursor->key());
      const Bytes row(cursor->value());
      advance("records", ++report_.records);
      found.rows += 1;
      found.bytes += key.size() + row.size();
      try {
        const codec::RecordRow decoded = codec::decode_record({space, key}, row);
        Value::from_encoded(decoded.body);
        if (decoded.header.version.value > view_.position().value)
          problem(place(collection, key) + ": its version is from the future");
        found.digest += codec::digest_term(
            {space, key}, codec::content_hash(decoded.body, decoded.header.expires, digest_key), digest_key);
        if (collection) check_entries_of(*collection, key, decoded, lookups);
        if (decoded.header.expires) {
          lookups.add(commit::expiry_space, commit::expiry_key(*decoded.header.expires, space, key),
                      [this, collection, key](std::optional<bytes_view> there) {
                        if (!there)
                          problem(place(collection, key) + ": it expires, and has no row in the expiry index");
                      });
        }
      } catch (const Error& error) {
        problem(place(collection, key) + ": " + error.what());
      }
    }
    lookups.finish();
    digest_ += found.digest;
    rows_ += found.rows;
    check_totals(collection ? "collection `" + collection->name + "`" : "the catalogue", space, found);
  }

  void check_entries_of(const CollectionDefinition& collection, const Bytes& key, const codec::RecordRow& row,
                        Lookups& lookups) {
    for (const IndexDefinition& index : collection.indexes) {
      if (!index.ready) continue;
      for (const commit::IndexPart& part :
           commit::index_parts(index, ValueView(row.body), row.header.created, row.header.updated)) {
        lookups.add(index.space(), codec::index_entry_key(part.stored, key),
                    [this, &collection, &index, key](std::optional<bytes_view> there) {
                      if (!there)
                        problem(place(&collection, key) + ": it has no entry in index `" + index.options.name + "`");
                    });
      }
    }
  }

  void check_index(const CollectionDefinition& collection, const IndexDefinition& index) {
    codec::SpaceTotals found, text;
    Lookups lookups(reader_);
    const auto cursor = reader_.scan({index.space(), {}, {}}, {.keys_only = true});
    Bytes last_part;
    while (cursor->next()) {
      const Bytes entry(cursor->key());
      advance("index entries", ++report_.index_entries);
      found.rows += 1;
      found.bytes += entry.size();
      lookups.add(collection.records(), Bytes(codec::split_index_entry(entry).primary_key),
                  [&, entry](std::optional<bytes_view> row) {
                    const codec::IndexEntry split = codec::split_index_entry(entry);
                    if (row) return check_entry(collection, index, split, *row, last_part, text);
                    problem("index `" + index.options.name + "` of collection `" + collection.name +
                            "` names record `" + std::string(split.primary_key) + "`, which is not there");
                  });
    }
    lookups.finish();
    check_totals("index `" + index.options.name + "` of collection `" + collection.name + "`", index.space(), found);
    check_totals("text in index `" + index.options.name + "` of collection `" + collection.name + "`",
                 index.text_space(), text);
  }

  void check_entry(const CollectionDefinition& collection, const IndexDefinition& index, const codec::IndexEntry& entry,
                   bytes_view row, Bytes& last_part, codec::SpaceTotals& text) {
    const std::string where = place(&collection, entry.primary_key);
    codec::RecordRow decoded;
    try {
      decoded = codec::decode_record({collection.records(), entry.primary_key}, row);
    } catch (const Error&) {
      return;  // named among the records
    }
    bool own = false, exempt = false;
    for (const commit::IndexPart& part :
         commit::index_parts(index, ValueView(decoded.body), decoded.header.created, decoded.header.updated)) {
      if (part.stored != entry.stored_part) continue;
      own = true;
      exempt = part.exempt;
      if (part.plain_text) text.rows += 1;
    }
    if (!own) problem(where + ": index `" + index.options.name + "` has an entry that does not follow from it");
    if (index.options.unique && !exempt && !last_part.empty() && entry.stored_part == last_part) {
      problem(where + ": unique index `" + index.options.name + "` has its value twice");
    }
    last_part = entry.stored_part;
  }

  void check_history(const CollectionDefinition& collection) {
    codec::SpaceTotals found;
    const auto cursor = reader_.scan({collection.history(), {}, {}}, {});
    while (cursor->next()) {
      const Bytes key(cursor->key());
      const Bytes value(cursor->value());
      advance("history", ++found.rows);
      found.bytes += key.size() + value.size();
      const auto [record_key, version] = commit::split_history_key(key);
      try {
        const codec::RecordRow row =
            codec::decode_record({collection.records(), record_key}, commit::decode_history(value).row);
        if (row.header.version != version)
          problem(place(&collection, record_key) + ": an earlier version stands under the wrong number");
      } catch (const Error& error) {
        problem(place(&collection, record_key) + ", version " + std::to_string(version.value) + ": " + error.what());
      }
    }
    check_totals("history of collection `" + collection.name + "`", collection.history(), found);
  }

  /// What the records do not say each by itself: versions are dense within a stream, numbers differ and rise with
  /// positions.
  void check_events(const CollectionDefinition& events) {
    check_versions(events);
    const IndexDefinition* numbers = events.index(model::event_number_index);
    if (numbers == nullptr) return problem("collection `.events` lacks the index of numbers");
    std::optional<Value> last_number;
    std::uint64_t last_position = 0;
    Lookups lookups(reader_);
    const auto cursor = reader_.scan({numbers->space(), {}, {}}, {.keys_only = true});
    while (cursor->next()) {
      const codec::IndexEntry entry = codec::split_index_entry(cursor->key());
      const Bytes key(entry.primary_key);
      bytes_view part = entry.stored_part;
      const Value number = codec::take_ordered(part);
      if (number.type() != ValueType::integer) problem(place(&events, key) + ": it has no number");
      if (last_number == number) problem(place(&events, key) + ": another event has its number");
      last_number = number;
      lookups.add(events.records(), key, [&, key](std::optional<bytes_view> row) {
        if (!row) return;  // named with the index
        const std::uint64_t position = codec::record_version(*row).value;
        if (position < last_position)
          problem(place(&events, key) + ": an event with a lower number was appended later");
        last_position = position;
      });
    }
    lookups.finish();
  }

  void check_versions(const CollectionDefinition& events) {
    const auto cursor = reader_.scan({events.records(), {}, {}}, {.keys_only = true});
    std::string stream;
    std::uint64_t version = 0;
    while (cursor->next()) {
      const auto key = model::split_event_key(cursor->key());
      if (!key) {
        problem(place(&events, cursor->key()) + ": its key is not that of an event");
        continue;
      }
      if (key->stream == stream && key->version != version + 1) {
        problem("stream `" + stream + "`: version " + std::to_string(key->version) + " follows upon " +
                std::to_string(version));
      }
      stream = key->stream;
      version = key->version;
    }
  }

  void check_expiry() {
    codec::SpaceTotals found;
    Lookups lookups(reader_);
    const auto cursor = reader_.scan({commit::expiry_space, {}, {}}, {.keys_only = true});
    while (cursor->next()) {
      const Bytes entry(cursor->key());
      found.rows += 1;
      found.bytes += entry.size();
      if (entry.size() <= expiry_key_prefix) {
        problem("a row of the expiry index has a malformed key");
        continue;
      }
      const commit::Space space{codec::read_be32(entry.data() + 8)};
      const std::string_view key = std::string_view(entry).substr(expiry_key_prefix);
      const CollectionDefinition* collection = view_.catalogue().find(space);
      if (!collection) continue;  // dropped: upkeep erases the row when its time has come
      lookups.add(space, Bytes(key), [this, collection, space, entry](std::optional<bytes_view> row) {
        check_expiry_row(*collection, space, entry, row);
      });
    }
    lookups.finish();
    check_totals("the expiry index", commit::expiry_space, found);
  }

  void check_expiry_row(const CollectionDefinition& collection, commit::Space space, const Bytes& entry,
                        std::optional<bytes_view> row) {
    const std::string_view key = std::string_view(entry).substr(expiry_key_prefix);
    if (!row) return problem("the expiry index names record `" + std::string(key) + "`, which is not there");
    try {
      const auto expires = codec::decode_record({space, key}, *row).header.expires;
      if (!expires || commit::expiry_key(*expires, space, key) != entry)
        problem(place(&collection, key) + ": the expiry index has a row that does not follow from it");
    } catch (const Error&) {
      // Named among the records.
    }
  }

  void check_log() {
    const auto cursor = reader_.scan({commit::log_space, {}, {}}, {});
    codec::EntryDecoder decoder;
    codec::SpaceTotals found;
    std::optional<codec::Hash128> chain;
    Position expected{view_.head().log_base.value + 1};
    while (cursor->next()) {
      found.rows += 1;
      found.bytes += cursor->key().size() + cursor->value().size();
      if (!decoder.add(cursor->key(), cursor->value())) continue;
      advance("log", ++report_.log_entries);
      const codec::Entry& entry = decoder.entry;
      if (entry.position != expected) {
        problem("the log has position " + std::to_string(entry.position.value) + " where " +
                std::to_string(expected.value) + " should be");
      }
      expected.value = entry.position.value + 1;
      if (expected.value == 2) chain = codec::Hash128{};
      if (chain && codec::chain_after(*chain, entry) != entry.chain) {
        problem("the log entry at position " + std::to_string(entry.position.value) +
                " does not follow from the one before");
      }
      chain = entry.chain;
    }
    if (expected.value != view_.position().value + 1) {
      problem("the log ends at position " + std::to_string(expected.value - 1) + ", the head says " +
              std::to_string(view_.position().value));
    }
    if (chain && *chain != view_.head().chain) problem("the chain of the log does not end where the head says");
    check_totals("the log", commit::log_space, found);
  }

  engine::Reader& reader_;
  commit::View& view_;
  engine::Progress* progress_;
  VerifyReport report_;
  codec::Hash128 digest_;
  std::uint64_t rows_ = 0;
};

}  // namespace

VerifyReport verify(commit::View& view, engine::Progress* progress) { return Verification(view, progress).run(); }

}  // namespace strata::operate
