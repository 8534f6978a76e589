#include "store/watches.hpp"

#include <algorithm>
#include <set>

#include "codec/hash.hpp"
#include "codec/ordered.hpp"
#include "commit/derivation.hpp"
#include "model/agent.hpp"
#include "model/event.hpp"
#include "model/graph_rows.hpp"
#include "model/queue_item.hpp"
#include "model/record.hpp"
#include "query/graph_condition.hpp"
#include "strata/error.hpp"

namespace strata::store {
namespace {

const commit::IndexDefinition* number_index(const commit::CollectionDefinition* events) {
  return events ? events->index(model::event_number_index) : nullptr;
}

std::string parameters_text(const Parameters& parameters) {
  std::string text;
  for (const auto& [name, value] : parameters) text += name + '=' + value.to_json() + ';';
  return text;
}

/// An event as the filter of a stream's watch sees it.
Value filtered_form(const Event& event) {
  Value value = Value::object({{"stream", event.stream}, {"version", event.version}, {"type", event.type}});
  value.set("data", event.data);
  value.set("metadata", event.metadata);
  return value;
}

/// What a key tells of a node.
std::string name_in(std::string_view part) {
  constexpr std::size_t mark_and_hash = 33;
  return std::string(model::is_cut(part) ? part.substr(0, part.size() - mark_and_hash) : part);
}

/// A part that is cut may begin so.
bool part_begins(std::string_view part, std::string_view prefix) {
  const std::string name = name_in(part);
  return name.starts_with(model::is_cut(part) ? prefix.substr(0, name.size()) : prefix);
}

bool type_chosen(const EdgeWatch& watch, std::string_view type) {
  return watch.types.empty() || std::find(watch.types.begin(), watch.types.end(), type) != watch.types.end();
}

}  // namespace

Watches::Watches(SubscriptionOptions options) : options_(std::move(options)) {
  check();
  parse_filters(Time{});
  make_conditions();
}

void Watches::check() const {
  if (!options_.everything && options_.collections.empty() && options_.streams.empty() && options_.queues.empty() &&
      options_.edges.empty()) {
    throw Error(ErrorCode::invalid_argument,
                "a subscription must watch something: name collections, streams, queues, edges");
  }
  for (const EdgeWatch& watch : options_.edges) {
    for (const std::string& type : watch.types) model::check_edge_type(type);
  }
  for (const CollectionWatch& watch : options_.collections) {
    if (!model::is_watchable(watch.name)) commit::check_collection_name(watch.name);
  }
  for (const QueueWatch& watch : options_.queues) model::check_name("queue", watch.name);
  for (const StreamWatch& watch : options_.streams) {
    if (watch.exact || !watch.prefix.empty()) model::check_name("stream", watch.prefix);
  }
  if (options_.batch_changes_max == 0) {
    throw Error(ErrorCode::invalid_argument, "batch_changes_max must be greater than zero");
  }
}

void Watches::make_conditions() {
  for (const CollectionWatch& watch : options_.collections) {
    conditions_.emplace_back(watch.name, watch.near, watch.text);
    const auto wants_versions = [&](const CollectionWatch& other) {
      return other.name == watch.name && other.every_version;
    };
    if (watch.near && std::any_of(options_.collections.begin(), options_.collections.end(), wants_versions)) {
      throw Error(ErrorCode::invalid_argument, "history keeps no vectors, so a watch of every version of collection `" +
                                                   watch.name +
                                                   "` cannot ask for what is near; subscribe to the two apart");
    }
  }
}

void Watches::parse_filters(Time now) {
  collection_filters_.clear();
  for (const CollectionWatch& watch : options_.collections)
    collection_filters_.push_back(filter::Filter::parse(watch.where, now, watch.parameters));
  stream_filters_.clear();
  for (const StreamWatch& watch : options_.streams)
    stream_filters_.push_back(filter::Filter::parse(watch.where, now, watch.parameters));
  edge_filters_.clear();
  for (const EdgeWatch& watch : options_.edges)
    edge_filters_.push_back(filter::Filter::parse(watch.where, now, watch.parameters));
}

std::uint64_t Watches::fingerprint() const {
  std::string text = options_.everything ? "everything" : "";
  for (std::size_t i = 0; i < options_.collections.size(); ++i) {
    const CollectionWatch& watch = options_.collections[i];
    text += "\ncollection " + watch.name + '\t' + watch.key_prefix + '\t' + watch.where + '\t' +
            parameters_text(watch.parameters) + (watch.every_version ? "\tevery" : "");
    conditions_[i].append_identity(text);
  }
  for (const StreamWatch& watch : options_.streams) {
    text += "\nstream " + watch.prefix + (watch.exact ? "\texact\t" : "\t\t") + watch.where + '\t' +
            parameters_text(watch.parameters);
    for (const std::string& type : watch.types) text += '\t' + type;
  }
  for (const QueueWatch& watch : options_.queues) text += "\nqueue " + watch.name;
  for (const EdgeWatch& watch : options_.edges) {
    text += "\nedges " + watch.node_prefix + '\t' + watch.where + '\t' + parameters_text(watch.parameters);
    for (const std::string& type : watch.types) text += '\t' + type;
  }
  return codec::hash64(text);
}

bool Watches::watches_stream(std::string_view name) const {
  return options_.everything ||
         std::any_of(options_.streams.begin(), options_.streams.end(), [&](const StreamWatch& watch) {
           return watch.exact ? name == watch.prefix : name.starts_with(watch.prefix);
         });
}

bool Watches::streams_alone() const {
  return !options_.everything && options_.collections.empty() && options_.queues.empty() && options_.edges.empty();
}

std::optional<Watches::Space> Watches::watched(const std::string& name,
                                               const commit::CollectionDefinition& definition) const {
  Space space;
  space.name = name;
  space.definition = &definition;
  if (name == model::events_name) {
    space.kind = Kind::events;
    if (any_stream()) return space;
    return std::nullopt;
  }
  if (name == model::items_name) {
    space.kind = Kind::items;
    if (options_.everything || !options_.queues.empty()) return space;
    return std::nullopt;
  }
  if (name == model::edges_name) {
    space.kind = Kind::edges;
    if (options_.everything || !options_.edges.empty()) return space;
    return std::nullopt;
  }
  for (std::size_t i = 0; i < options_.collections.size(); ++i) {
    if (options_.collections[i].name != name) continue;
    space.watches.push_back(i);
    space.every |= options_.collections[i].every_version && definition.options.history.enabled;
  }
  if (space.watches.empty() && (!options_.everything || model::is_own(name))) return std::nullopt;
  return space;
}

void Watches::resolve(commit::Source& source) {
  parse_filters(source.now());
  const auto& catalogue = source.view().shared_catalogue();
  if (catalogue == catalogue_) return;
  catalogue_.reset();  // stays so when a condition cannot be resolved
  for (query::Condition& condition : conditions_) condition.resolve(source);
  catalogue_ = catalogue;
  spaces_.clear();
  vectors_.clear();
  for (const auto& [name, definition] : catalogue->collections()) {
    auto space = watched(name, definition);
    if (!space) continue;
    const std::uint32_t id = definition.records().id;
    if (space->kind == Kind::collection) known_[id] = name;
    for (const std::size_t i : space->watches) {
      const auto vectors = conditions_[i].vectors();
      if (!vectors) continue;
      Vectors& touching = vectors_[vectors->id];
      touching.records = definition.records();
      touching.watches.push_back(i);
    }
    spaces_.emplace(id, std::move(*space));
  }
}

std::vector<commit::Space> Watches::filled_spaces() const {
  std::vector<commit::Space> spaces;
  for (const auto& [id, space] : spaces_) {
    if (space.kind != Kind::events) spaces.push_back(commit::Space{id});
  }
  return spaces;
}

bool Watches::key_wanted(const Space& space, bytes_view key) const {
  switch (space.kind) {
    case Kind::events: {
      const auto split = model::split_event_key(key);
      return split && watches_stream(split->stream);
    }
    case Kind::items: {
      const std::string_view queue = model::split_item_key(key).queue;
      if (options_.everything && !model::is_own(queue)) return true;  // agents' tasks are told as such
      return std::any_of(options_.queues.begin(), options_.queues.end(),
                         [&](const QueueWatch& watch) { return watch.name == queue; });
    }
    case Kind::edges:
      return edge_wanted(key);
    case Kind::collection:
      break;
  }
  return space.watches.empty() ||
         std::any_of(space.watches.begin(), space.watches.end(), [&](std::size_t i) { return watch_wants(i, key); });
}

bool Watches::watch_wants(std::size_t watch, bytes_view key) const {
  return key.starts_with(options_.collections[watch].key_prefix);
}

follow::Wish Watches::wanted(const codec::Change& change) const {
  if (change.operation == codec::Operation::drop) {
    return known_.contains(change.space.id) ? follow::Wanted::every : follow::Wanted::no;
  }
  if (const auto vectors = vectors_.find(change.space.id); vectors != vectors_.end()) {
    const auto& [records, watches] = vectors->second;
    const bool touches =
        std::any_of(watches.begin(), watches.end(), [&](auto i) { return watch_wants(i, change.key); });
    return touches ? follow::Wish::touch(records) : follow::Wanted::no;
  }
  const auto found = spaces_.find(change.space.id);
  if (found == spaces_.end() || !key_wanted(found->second, change.key)) return follow::Wanted::no;
  if (found->second.kind == Kind::events) {
    return change.operation == codec::Operation::put ? follow::Wanted::every : follow::Wanted::no;
  }
  return found->second.every ? follow::Wanted::every : follow::Wanted::last;
}

query::Condition::Verdict Watches::judge(commit::Source& source, const Space& space, const filter::RecordView& record) {
  query::Condition::Verdict verdict{space.watches.empty()};
  for (const std::size_t i : space.watches) {
    // Once it is known that the record matches, only how alike it is may still be open.
    if (verdict.meets && !conditions_[i].asks_for_vector()) continue;
    if (!watch_wants(i, record.key) || !collection_filters_[i].matches(record)) continue;
    const query::Condition::Verdict one = conditions_[i].judge(source, record.key, record.body);
    verdict.meets |= one.meets;
    verdict.similarity = one.similarity;
    if (verdict.similarity) break;
  }
  return verdict;
}

bool Watches::stream_matches(std::size_t i, const Event& event) const {
  const StreamWatch& watch = options_.streams[i];
  if (watch.exact ? event.stream != watch.prefix : !event.stream.starts_with(watch.prefix)) return false;
  if (!watch.types.empty() && std::find(watch.types.begin(), watch.types.end(), event.type) == watch.types.end())
    return false;
  if (watch.where.empty()) return true;
  const Value form = filtered_form(event);
  filter::RecordView view;
  view.key = event.stream;
  view.body = form.view();
  view.version = Version{event.position.value};
  view.created = view.updated = event.time;
  return stream_filters_[i].matches(view);
}

std::optional<Change> Watches::tell_event(bytes_view key, const codec::RecordRow& row) const {
  Change change;
  change.kind = Change::Kind::event;
  change.event = model::decode_event(key, row);
  if (!options_.everything) {
    bool matches = false;
    for (std::size_t i = 0; i < options_.streams.size() && !matches; ++i) matches = stream_matches(i, *change.event);
    if (!matches) return std::nullopt;
  }
  change.source = change.event->stream;
  change.version = row.header.version;
  change.position = change.event->position;
  return change;
}

bool Watches::edge_wanted(bytes_view key) const {
  if (options_.everything) return true;
  const auto names = model::split_edge_key(key);
  return names && std::any_of(options_.edges.begin(), options_.edges.end(), [&](const EdgeWatch& watch) {
           return type_chosen(watch, names->type) &&
                  (part_begins(names->from, watch.node_prefix) || part_begins(names->to, watch.node_prefix));
         });
}

std::optional<Change> Watches::tell_edge(bytes_view key, const codec::RecordRow& row) const {
  const model::EdgeView edge = model::view_of_row(key, row);
  bool named = options_.everything;
  bool matches = options_.everything;
  for (std::size_t i = 0; i < options_.edges.size() && !matches; ++i) {
    const EdgeWatch& watch = options_.edges[i];
    if (!type_chosen(watch, edge.type)) continue;
    if (!edge.from.starts_with(watch.node_prefix) && !edge.to.starts_with(watch.node_prefix)) continue;
    named = true;
    matches = edge_filters_[i].is_trivial();
    if (matches) break;
    const Value object = query::edge_object(edge);
    matches = edge_filters_[i].matches({{}, object.view(), edge.version, edge.created, edge.updated});
  }
  if (!named) return std::nullopt;
  Change change;
  change.source = edge.type;
  change.version = edge.version;
  change.position.value = edge.version.value;
  change.edge = model::make_edge(edge);
  if (!matches) {
    change.kind = Change::Kind::left;
    change.edge->value = Value();
  }
  return change;
}

std::optional<Change> Watches::tell_row(commit::Source& source, const Space& space, bytes_view key, bytes_view bytes) {
  if (!key_wanted(space, key)) return std::nullopt;
  const codec::RecordRow row = model::decode_row(*space.definition, key, bytes);
  if (space.kind == Kind::events) return tell_event(key, row);
  if (space.kind == Kind::edges) return tell_edge(key, row);
  if (model::is_expired(row.header, source.now())) return std::nullopt;
  Change change;
  change.position.value = row.header.version.value;
  change.version = row.header.version;
  if (space.kind == Kind::items) {
    change.kind = Change::Kind::item;
    change.item = model::decode_item(key, ValueView(row.body), row.header.created).item;
    change.source = change.item->queue;
    change.key = change.item->id;
    return change;
  }
  change.source = space.name;
  change.key = key;
  const query::Condition::Verdict verdict = judge(source, space, model::view_of(key, row));
  if (verdict.meets) {
    change.record = model::make_record(key, row);
    change.similarity = verdict.similarity;
  } else {
    change.kind = Change::Kind::left;
  }
  return change;
}

std::optional<Change> Watches::tell_present(commit::Source& source, commit::Space id, bytes_view key, bytes_view row) {
  const auto found = spaces_.find(id.id);
  if (found == spaces_.end()) return std::nullopt;
  auto change = tell_row(source, found->second, key, row);
  if (change && change->kind == Change::Kind::left) return std::nullopt;
  return change;
}

Change Watches::tell_gone(const Space& space, const follow::TailChange& change) const {
  Change gone;
  gone.position = change.position;
  if (space.kind == Kind::items) {
    gone.kind = Change::Kind::item_gone;
    const model::ItemPlace item = model::split_item_key(change.key);
    gone.source = item.queue;
    gone.key = item.id;
    return gone;
  }
  gone.kind = Change::Kind::erase;
  if (space.kind == Kind::edges) {
    if (const auto names = model::split_edge_key(change.key)) {
      gone.source = names->type;
      gone.edge.emplace();
      gone.edge->from = name_in(names->from);
      gone.edge->type = names->type;
      gone.edge->to = name_in(names->to);
    }
    return gone;
  }
  gone.source = space.name;
  gone.key = change.key;
  return gone;
}

/// One version among several: the present one, or one that history keeps.
std::optional<Change> Watches::tell_record(commit::Source& source, const Space& space,
                                           const follow::TailChange& change) {
  const commit::CollectionDefinition& definition = *space.definition;
  const Version version{change.position.value};
  if (const auto row = source.get(definition.records(), change.key)) {
    const Bytes bytes(*row);
    if (model::decode_row(definition, change.key, bytes).header.version == version)
      return tell_row(source, space, change.key, bytes);
  }
  const auto kept = source.get(definition.history(), commit::history_key(change.key, version));
  if (!kept) return std::nullopt;  // overwritten since, and no longer kept
  const Bytes bytes(*kept);
  return tell_row(source, space, change.key, commit::decode_history(bytes).row);
}

std::optional<Change> Watches::tell(commit::Source& source, const follow::TailChange& change) {
  if (change.operation == codec::Operation::drop) {
    Change told;
    told.kind = Change::Kind::drop;
    told.source = known_.at(change.space.id);
    told.position = change.position;
    return told;
  }
  const auto found = spaces_.find(change.space.id);
  if (found == spaces_.end()) return std::nullopt;  // dropped since: that is told
  const Space& space = found->second;
  if (change.operation != codec::Operation::put) return tell_gone(space, change);
  std::optional<Change> told;
  if (space.every) {
    told = tell_record(source, space, change);
  } else if (const auto row = source.get(commit::Space{change.space}, change.key)) {
    told = tell_row(source, space, change.key, Bytes(*row));
  }
  if (told) told->position = change.position;
  return told;
}

void scan_events(commit::Source& source, std::uint64_t from,
                 const std::function<bool(bytes_view, const codec::RecordRow&, std::uint64_t)>& visit) {
  const commit::CollectionDefinition* events = source.collection(model::events_name);
  const commit::IndexDefinition* index = number_index(events);
  if (!index) return;
  const auto cursor = source.scan(events->records(), {index->space(), model::event_number_part(from), {}},
                                  {.limit = 0, .keys_only = true});
  while (cursor->next()) {
    const Bytes entry(cursor->key());
    const Bytes key(codec::split_index_entry(entry).primary_key);
    const auto row = source.get(events->records(), key);
    if (!row) throw Error(ErrorCode::corruption, "an event is not where its number says; run `strata verify`");
    const Bytes bytes(*row);
    const codec::RecordRow decoded = model::decode_row(*events, key, bytes);
    if (!visit(key, decoded, model::event_number(ValueView(decoded.body)))) return;
  }
}

std::uint64_t newest_number(commit::Source& source) {
  const commit::CollectionDefinition* events = source.collection(model::events_name);
  const commit::IndexDefinition* index = number_index(events);
  if (!index) return 0;
  const auto cursor =
      source.scan(events->records(), {index->space(), {}, {}}, {.reverse = true, .limit = 1, .keys_only = true});
  if (!cursor->next()) return 0;
  bytes_view part = cursor->key();
  return codec::take_ordered(part).view().as_uint();
}

std::uint64_t number_at(commit::Source& source, Position position) {
  const std::uint64_t newest = newest_number(source);
  // Positions rise with the numbers: halves the numbers until the last one not after the position is left.
  std::uint64_t seen = 0, beyond = newest + 1;
  while (seen + 1 < beyond) {
    const std::uint64_t middle = seen + (beyond - seen) / 2;
    std::uint64_t number = beyond;
    Position at;
    scan_events(source, middle, [&](bytes_view, const codec::RecordRow& row, std::uint64_t found) {
      number = found;
      at.value = row.header.version.value;
      return false;
    });
    if (number < beyond && at <= position) {
      seen = number;
    } else {
      beyond = middle;
    }
  }
  return seen;
}

}  // namespace strata::store
