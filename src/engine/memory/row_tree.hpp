// An ordered map whose copies share structure: copying is O(1), and a copy never sees later changes of the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "strata/types.hpp"

namespace strata::engine {

struct Row {
  Bytes key;
  Bytes value;
};

/// A treap (Seidel and Aragon, 1996). A change copies the nodes on its path, unless they were made under the same edit
/// number, in which case no copy of the tree can hold them and they are changed in place.
class RowTree {
 public:
  struct Node;
  using Link = std::shared_ptr<Node>;
  struct Range {
    bytes_view begin;
    bytes_view end;  // not empty
  };

  /// Begins an edit. Requires: `edit` is new to this tree and all its copies.
  void begin_edit(std::uint64_t edit) { edit_ = edit; }
  /// Nothing when absent. Valid until the row changes in every tree that shares it.
  const Row* find(bytes_view key) const;
  void put(bytes_view key, bytes_view value);
  /// True when there was one.
  bool erase(bytes_view key);
  bool erase(Range range);
  std::size_t row_bytes() const;

  /// Walks a range in either direction. The tree must not change meanwhile.
  class Walk {
   public:
    Walk(const RowTree& tree, Range range, bool reverse);
    /// The next row, or nullptr at the end and from then on.
    const Row* next();

   private:
    void descend(const Node* node);

    Bytes begin_;
    Bytes end_;
    bool reverse_;
    std::vector<const Node*> pending_;  // nodes whose own row and far side are still to come
  };

 private:
  Node& own(Link& link) const;
  void insert(Link& link, Link& fresh) const;
  void split(Link tree, bytes_view key, Link& below, Link& rest) const;
  Link join(Link left, Link right) const;

  Link root_;
  std::uint64_t edit_ = 0;
};

}  // namespace strata::engine
