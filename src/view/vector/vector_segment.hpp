// A segment of a vector index: rows in the order of their keys, the keys and versions they belong to, and a graph or
// lists over them.
//
//   rows | versions (u64) | ends of keys (u32) | keys | graph or lists | footer
//
// Words are little-endian; each part begins at a multiple of 64 bytes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "follow/segment_directory.hpp"
#include "view/vector/graph.hpp"
#include "view/vector/lists.hpp"
#include "view/vector/vector_rows.hpp"

namespace strata::view {

/// What stands over the rows of a segment.
enum class SegmentIndex : std::uint8_t { none, graph, lists };

class VectorSegment {
 public:
  /// `corruption` when it is none of that shape.
  VectorSegment(std::shared_ptr<const follow::SegmentContent> content, const RowShape& shape);

  const Rows& rows() const { return rows_; }
  std::size_t count() const { return rows_.count(); }
  std::string_view key(std::uint32_t row) const;
  Version version(std::uint32_t row) const;
  /// The row of a key.
  std::optional<std::uint32_t> find(std::string_view key) const;
  /// Null where there is none.
  const Graph* graph() const { return graph_.get(); }
  const Lists* lists() const { return lists_.get(); }
  const follow::SegmentContent& content() const { return *content_; }

 private:
  std::shared_ptr<const follow::SegmentContent> content_;
  Rows rows_;
  const char* versions_ = nullptr;
  const char* key_ends_ = nullptr;
  std::string_view keys_;
  std::unique_ptr<Graph> graph_;
  std::unique_ptr<Lists> lists_;
};

struct SegmentIndexOptions {
  SegmentIndex index = SegmentIndex::none;
  GraphOptions graph{};
  ListsOptions lists{};
};

/// Writes a segment, row by row.
class VectorSegmentWriter {
 public:
  VectorSegmentWriter(follow::SegmentDirectory::Draft& draft, const RowShape& shape);
  /// Requires: keys rise; `row` has row_bytes(shape) bytes.
  void add(std::string_view key, Version version, const std::byte* row);
  std::size_t count() const { return versions_.size(); }
  /// Builds what stands over the rows, and ends the content. False when `advance` in the options stopped it.
  bool end(const SegmentIndexOptions& options);

 private:
  void align();
  follow::SegmentDirectory::Draft& draft_;
  RowShape shape_;
  std::size_t row_bytes_;
  std::vector<std::uint64_t> versions_;
  std::vector<std::uint32_t> key_ends_;
  std::string keys_;
};

}  // namespace strata::view
