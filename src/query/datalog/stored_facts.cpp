#include "query/datalog/stored_facts.hpp"

#include <algorithm>
#include <array>

#include "model/event.hpp"
#include "model/record.hpp"
#include "model/stream_reading.hpp"
#include "query/access.hpp"
#include "query/find.hpp"

namespace strata::datalog {
namespace {

/// The text given for a plain column; nothing when none is.
std::optional<std::string_view> given_text(std::span<const GivenColumn> given, std::size_t column) {
  for (const GivenColumn& one : given) {
    if (!one.column.path && one.column.plain == column) return std::get<std::string_view>(one.plain);
  }
  return std::nullopt;
}

/// As an index names it: its entries for an array are those of the elements.
std::vector<filter::PathStep> indexed_steps(const filter::Path& path) {
  std::vector<filter::PathStep> steps = path.steps();
  if (path.ends_in_every()) steps.pop_back();
  return steps;
}

/// From the totals: a look at the rows would become part of a transaction's footprint.
std::uint64_t edge_rows(commit::Source& source) {
  const auto* const edges = source.collection(model::edges_name);
  if (!edges) return 0;
  const auto* const own = source.pending(edges->records());
  return query::rows_of(source, edges->records()) + (own ? own->size() : 0);
}

bool fits(std::string_view name, std::size_t bytes_max) { return !name.empty() && name.size() <= bytes_max; }

}  // namespace

bool StoredFacts::has_collection(std::string_view name) { return source_.collection(name) != nullptr; }

std::uint64_t StoredFacts::rows(const FactSet& set) {
  if (set.kind == FactSet::Kind::edges) return edge_rows(source_);
  const auto* const collection =
      source_.collection(set.kind == FactSet::Kind::events ? model::events_name : std::string_view(set.name));
  if (!collection) return 0;
  const auto* const own = source_.pending(collection->records());
  return query::rows_of(source_, collection->records()) + (own ? own->size() : 0);
}

bool StoredFacts::narrows(const FactSet& set, const FactColumn& column) {
  if (set.kind == FactSet::Kind::edges) return !column.path && column.plain != 1;
  if (set.kind == FactSet::Kind::events) return !column.path && column.plain == 0;
  if (!column.path) return true;
  const commit::CollectionDefinition* const collection = source_.collection(set.name);
  if (!collection) return false;
  const auto steps = indexed_steps(*column.path);
  return std::any_of(collection->indexes.begin(), collection->indexes.end(), [&](const commit::IndexDefinition& index) {
    const IndexField& first = index.options.fields.front();
    if (!index.ready || first.time) return false;
    const filter::Path path = filter::Path::parse_index_field(first.path);
    return path.in_body() && path.steps() == steps;
  });
}

void StoredFacts::read(const FactSet& set, std::span<const GivenColumn> given,
                       const std::function<void(const Fact&)>& visit) {
  switch (set.kind) {
    case FactSet::Kind::collection:
      return read_records(set.name, given, visit);
    case FactSet::Kind::edges:
      return read_edges(set, given, visit);
    case FactSet::Kind::events:
      return read_events(given, visit);
  }
}

void StoredFacts::read_records(const std::string& collection, std::span<const GivenColumn> given,
                               const std::function<void(const Fact&)>& visit) {
  const auto show = [&](const filter::RecordView& record) {
    const std::array<PlainValue, 1> plain{record.key};
    visit({plain, record.body, &record});
  };
  if (const auto key = given_text(given, 0)) {
    if (key->empty() || key->find('\0') != std::string_view::npos) return;  // no record has such a key
    if (const auto record = model::get_record(source_, collection, *key)) show(model::view_of(*record));
    return;
  }
  Query query;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string name = "p" + std::to_string(i);
    query.where += (i == 0 ? "" : " and ") + given[i].column.path->to_string(true) + " = :" + name;
    query.parameters.emplace(name, given[i].value);
  }
  query::find(source_, collection, query, [&](const query::Match& match) {
    show(match.own ? model::view_of(*match.own) : model::view_of(match.key, *match.row));
    return true;
  });
}

void StoredFacts::read_edges(const FactSet& set, std::span<const GivenColumn> given,
                             const std::function<void(const Fact&)>& visit) {
  static const Value none;
  const auto show = [&](const model::EdgeView& edge) {
    const std::array<PlainValue, 3> plain{edge.from, edge.type, edge.to};
    visit({plain, edge.value.is_missing() ? none.view() : edge.value, nullptr});
    return true;
  };
  const auto part = set.bodies ? model::EdgeRows::Part::whole : model::EdgeRows::Part::names;
  if (!edges_) edges_.emplace(source_);
  std::string type;
  if (const auto wanted = given_text(given, 1)) {
    if (!fits(*wanted, edge_type_bytes_max)) return;
    type = *wanted;
  }
  const std::span<const std::string> types(&type, type.empty() ? 0 : 1);
  if (const auto from = given_text(given, 0)) {
    if (fits(*from, node_bytes_max)) edges_->visit_out(*from, types, part, show);
  } else if (const auto to = given_text(given, 2)) {
    if (fits(*to, node_bytes_max)) edges_->visit_in(*to, types, part, show);
  } else {
    edges_->visit_all(part, show);
  }
}

void StoredFacts::read_events(std::span<const GivenColumn> given, const std::function<void(const Fact&)>& visit) {
  const auto show = [&](const Event& event) {
    const std::string time = event.time.to_string();
    const std::array<PlainValue, 4> plain{event.stream, event.version, event.type, time};
    visit({plain, event.data, nullptr});
    return true;
  };
  EventQuery query;
  if (const auto type = given_text(given, 2)) {
    query.types.emplace_back(*type);
    if (query.types.front().empty()) return;
  }
  const auto stream = given_text(given, 0);
  if (!stream) return model::scan_all_streams(source_, query, show);
  model::scan_stream(source_, *stream, query, show);
}

}  // namespace strata::datalog
