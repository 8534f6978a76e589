#include "model/graph_rows.hpp"

#include <algorithm>
#include <tuple>

#include "codec/head.hpp"
#include "codec/ordered.hpp"
#include "commit/writer.hpp"
#include "model/record.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

/// Records fetched at once, of the edges that an index names.
constexpr std::size_t records_at_once = 256;

[[noreturn]] void fail_corrupt(bytes_view key) {
  std::string shown(key.substr(0, 120));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  throw Error(ErrorCode::corruption,
              "the edge `" + shown + "` cannot be read; `strata verify` tells how much is damaged");
}

EdgeView view_of_body(bytes_view key, ValueView body) {
  static const Value null;
  EdgeView view;
  for (const auto& member : body) {
    if (member.name == "from") view.from = member.value.string_or({});
    if (member.name == "type") view.type = member.value.string_or({});
    if (member.name == "to") view.to = member.value.string_or({});
    if (member.name == "value") view.value = member.value;
  }
  if (view.from.empty() || view.type.empty() || view.to.empty()) fail_corrupt(key);
  if (view.value.is_missing()) view.value = null.view();
  return view;
}

EdgeView names_of(const EdgeKey& key) { return {key.from, key.type, key.to, {}, {}, {}, {}}; }

}  // namespace

/// An edge that the source's own transaction wrote.
struct EdgeRows::Own {
  std::tuple<std::string_view, std::string_view> order;  ///< Type and the node that it leads from.
  const commit::Write* write;
};

EdgeView view_of_row(bytes_view key, const codec::RecordRow& row) {
  EdgeView view = view_of_body(key, ValueView(row.body));
  view.version = row.header.version;
  view.created = row.header.created;
  view.updated = row.header.updated;
  return view;
}

Edge make_edge(const EdgeView& view) {
  return {std::string(view.from), std::string(view.type), std::string(view.to), Value(view.value),
          view.version,           view.created,           view.updated};
}

EdgeRows::EdgeRows(commit::Source& source) : source_(source), edges_(source.collection(edges_name)) {
  if (!edges_) return;
  index_ = edges_->index(edges_index_name);
  if (!index_ || !index_->ready) {
    throw Error(ErrorCode::corruption,
                "the collection `.edge`, which keeps the graph, has lost its index; load a dump or restore a backup");
  }
}

std::optional<Edge> EdgeRows::get(std::string_view from, std::string_view type, std::string_view to) const {
  if (!edges_) return std::nullopt;
  const Bytes key = edge_key(from, type, to);
  std::optional<Edge> edge;
  const auto take = [&](const EdgeView& view) {
    edge = make_edge(view);
    return true;
  };
  if (const commit::PendingWrites* pending = source_.pending(edges_->records())) {
    if (const auto own = pending->find(key); own != pending->end()) {
      visit_own(own->second, take);
      return edge;
    }
  }
  if (const auto row = source_.get(edges_->records(), key)) take(view_of_row(key, decode_row(*edges_, key, *row)));
  return edge;
}

bool EdgeRows::has(std::string_view from, std::string_view type, std::string_view to) const {
  if (!edges_) return false;
  const Bytes key = edge_key(from, type, to);
  if (const commit::PendingWrites* pending = source_.pending(edges_->records())) {
    if (const auto own = pending->find(key); own != pending->end()) return own->second.kind == commit::Write::Kind::put;
  }
  return source_.get(edges_->records(), key).has_value();
}

bool EdgeRows::visit_own(const commit::Write& write, const Visit& visit) const {
  if (write.kind != commit::Write::Kind::put) return true;
  EdgeView view = view_of_body(write.key, ValueView(write.body));
  view.created = source_.now();
  view.updated = source_.now();
  return visit(view);
}

bool EdgeRows::visit_row(bytes_view key, bytes_view row, Part part, const Visit& visit) const {
  const auto names = split_edge_key(key);
  if (!names) fail_corrupt(key);
  if (part == Part::names && !is_cut(names->from) && !is_cut(names->to)) return visit(names_of(*names));
  if (!row.empty()) {
    const codec::RecordRow decoded = decode_row(*edges_, key, row);
    return visit(view_of_row(key, decoded));
  }
  const Bytes own_key(key);
  return visit_records({&own_key, 1}, visit);
}

bool EdgeRows::visit_records(std::span<const Bytes> keys, const Visit& visit) const {
  std::vector<engine::Key> wanted;
  wanted.reserve(keys.size());
  for (const Bytes& key : keys) wanted.push_back({edges_->records(), key});
  std::vector<Bytes> rows(keys.size());  // the visitor may read too, which ends what the engine handed out
  source_.get_many(wanted, [&](std::size_t at, std::optional<bytes_view> row) {
    if (!row) fail_corrupt(keys[at]);
    rows[at] = *row;
  });
  for (std::size_t at = 0; at < keys.size(); ++at) {
    const codec::RecordRow decoded = decode_row(*edges_, keys[at], rows[at]);
    if (!visit(view_of_row(keys[at], decoded))) return false;
  }
  return true;
}

bool EdgeRows::visit_keys(const Bytes& begin, const Bytes& end, Part part, const Visit& visit) const {
  // A footprint takes the versions from the rows.
  const bool keys_only = part == Part::names && !source_.tracks();
  const auto cursor = source_.scan(edges_->records(), {edges_->records(), begin, end}, {.keys_only = keys_only});
  const commit::PendingWrites* pending = source_.pending(edges_->records());
  if (!pending) {
    while (cursor->next()) {
      if (!visit_row(cursor->key(), cursor->value(), part, visit)) return false;
    }
    return true;
  }
  auto own = pending->lower_bound(begin);
  const auto own_end = end.empty() ? pending->end() : pending->lower_bound(end);
  while (cursor->next()) {
    for (; own != own_end && own->first < cursor->key(); ++own) {
      if (!visit_own(own->second, visit)) return false;
    }
    if (own != own_end && own->first == cursor->key()) continue;  // told in its turn, as it is now
    if (!visit_row(cursor->key(), cursor->value(), part, visit)) return false;
  }
  for (; own != own_end; ++own) {
    if (!visit_own(own->second, visit)) return false;
  }
  return true;
}

bool EdgeRows::visit_out(std::string_view node, std::span<const std::string> types, Part part,
                         const Visit& visit) const {
  if (!edges_) return true;
  const auto visit_prefix = [&](const Bytes& prefix) {
    return visit_keys(prefix, codec::prefix_end(prefix), part, visit);
  };
  if (types.empty()) return visit_prefix(out_prefix(node));
  return std::all_of(types.begin(), types.end(),
                     [&](const std::string& type) { return visit_prefix(out_prefix(node, type)); });
}

std::vector<EdgeRows::Own> EdgeRows::own_into(std::string_view part, std::string_view type) const {
  std::vector<Own> out;
  const commit::PendingWrites* pending = source_.pending(edges_->records());
  if (!pending) return out;
  for (const auto& [key, write] : *pending) {
    const auto names = split_edge_key(key);
    if (names && names->to == part && (type.empty() || names->type == type))
      out.push_back({{names->type, names->from}, &write});
  }
  std::sort(out.begin(), out.end(), [](const Own& a, const Own& b) { return a.order < b.order; });
  return out;
}

bool EdgeRows::visit_entries(std::string_view node, std::string_view type, const Bytes& prefix, Part part,
                             const Visit& visit) const {
  const Bytes to = node_part(node);
  const std::vector<Own> owns = own_into(to, type);
  const commit::PendingWrites* pending = source_.pending(edges_->records());
  std::vector<Bytes> held;
  const auto flush = [&] {
    const bool on = visit_records(held, visit);
    held.clear();
    return on;
  };
  const auto cursor =
      source_.scan(edges_->records(), {index_->space(), prefix, codec::prefix_end(prefix)}, {.keys_only = true});
  auto own = owns.begin();
  while (cursor->next()) {
    const bytes_view key = codec::split_index_entry(cursor->key()).primary_key;
    const auto names = split_edge_key(key);
    if (!names) fail_corrupt(key);
    if (names->to != to || (!type.empty() && names->type != type)) continue;
    const std::tuple order(names->type, names->from);
    if (own != owns.end() && own->order < order && !held.empty() && !flush()) return false;
    for (; own != owns.end() && own->order < order; ++own) {
      if (!visit_own(*own->write, visit)) return false;
    }
    if (pending && pending->contains(key)) continue;
    if (part == Part::names && !is_cut(names->from)) {
      if (!held.empty() && !flush()) return false;
      EdgeView view = names_of(*names);
      view.to = node;
      if (!visit(view)) return false;
    } else {
      held.emplace_back(key);
      if (held.size() == records_at_once && !flush()) return false;
    }
  }
  if (!flush()) return false;
  return std::all_of(own, owns.end(), [&](const Own& one) { return visit_own(*one.write, visit); });
}

bool EdgeRows::visit_in(std::string_view node, std::span<const std::string> types, Part part,
                        const Visit& visit) const {
  if (!edges_) return true;
  if (types.empty()) return visit_entries(node, {}, in_prefix(node), part, visit);
  return std::all_of(types.begin(), types.end(), [&](const std::string& type) {
    return visit_entries(node, type, in_prefix(node, type), part, visit);
  });
}

bool EdgeRows::visit(std::string_view node, Direction direction, std::span<const std::string> types, Part part,
                     const Visit& visit) const {
  if (direction != Direction::in && !visit_out(node, types, part, visit)) return false;
  if (direction == Direction::out) return true;
  if (direction == Direction::in) return visit_in(node, types, part, visit);
  return visit_in(node, types, part, [&](const EdgeView& edge) { return edge.from == edge.to || visit(edge); });
}

bool EdgeRows::visit_all(Part part, const Visit& visit) const { return !edges_ || visit_keys({}, {}, part, visit); }

std::uint64_t EdgeRows::count() const {
  if (!edges_) return 0;
  if (!source_.tracks() && !source_.pending(edges_->records())) {
    const auto row = source_.get(commit::totals_space, commit::totals_key(edges_->records()));
    return row ? codec::decode_totals(*row).rows : 0;
  }
  std::uint64_t count = 0;
  visit_all(Part::names, [&](const EdgeView&) { return ++count > 0; });
  return count;
}

std::vector<std::string> checked_types(std::vector<std::string> types) {
  for (const std::string& type : types) check_edge_type(type);
  std::sort(types.begin(), types.end());
  types.erase(std::unique(types.begin(), types.end()), types.end());
  return types;
}

}  // namespace strata::model
