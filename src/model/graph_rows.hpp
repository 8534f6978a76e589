// The edges as a source shows them, its own writes included.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/record.hpp"
#include "commit/source.hpp"
#include "model/graph_name.hpp"
#include "strata/graph.hpp"

namespace strata::model {

/// Looks into memory that someone else owns.
struct EdgeView {
  std::string_view from;
  std::string_view type;
  std::string_view to;
  ValueView value;  ///< This and what follows is there for those who asked for whole edges.
  Version version;
  Time created;
  Time updated;
};

Edge make_edge(const EdgeView& view);
/// The edge of a record. `corruption`. Views into the row.
EdgeView view_of_row(bytes_view key, const codec::RecordRow& row);

class EdgeRows {
 public:
  explicit EdgeRows(commit::Source& source);

  /// Names alone are cheaper: most need no look at the record.
  enum class Part { names, whole };
  /// Returns false to stop. It may read, and must not write; the view is valid within the call.
  using Visit = std::function<bool(const EdgeView&)>;

  std::optional<Edge> get(std::string_view from, std::string_view type, std::string_view to) const;
  bool has(std::string_view from, std::string_view type, std::string_view to) const;
  /// Edges out of a node, or into it, by type and the node at the other end; of the given types alone unless there are
  /// none given. False when `visit` stopped.
  bool visit_out(std::string_view node, std::span<const std::string> types, Part part, const Visit& visit) const;
  bool visit_in(std::string_view node, std::span<const std::string> types, Part part, const Visit& visit) const;
  /// Both: first those out, then those in, an edge from the node to itself once.
  bool visit(std::string_view node, Direction direction, std::span<const std::string> types, Part part,
             const Visit& visit) const;
  /// By from, type, to.
  bool visit_all(Part part, const Visit& visit) const;
  std::uint64_t count() const;

 private:
  struct Own;
  bool visit_keys(const Bytes& begin, const Bytes& end, Part part, const Visit& visit) const;
  bool visit_entries(std::string_view node, std::string_view type, const Bytes& prefix, Part part,
                     const Visit& visit) const;
  bool visit_row(bytes_view key, bytes_view row, Part part, const Visit& visit) const;
  bool visit_own(const commit::Write& write, const Visit& visit) const;
  bool visit_records(std::span<const Bytes> keys, const Visit& visit) const;
  std::vector<Own> own_into(std::string_view part, std::string_view type) const;

  commit::Source& source_;
  const commit::CollectionDefinition* edges_;
  const commit::IndexDefinition* index_ = nullptr;
};

/// The types sorted, each once. `invalid_argument` when one is no edge type.
std::vector<std::string> checked_types(std::vector<std::string> types);

}  // namespace strata::model
