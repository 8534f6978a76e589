// Which page holds a key: the first keys of all pages of one state, in order. About a hundredth of the rows, in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "strata/types.hpp"

namespace strata::engine::duck {

struct PageEntry {
  Bytes first;           ///< The smallest key of the page.
  std::uint64_t id = 0;  ///< Of the page. Pages never change and ids are not used twice.
};

/// Immutable; copies share what did not change between them.
class PageDirectory {
 public:
  struct Place {
    std::size_t chunk = 0;
    std::size_t index = 0;
  };
  /// An entry and what stands in its place: any number of entries, in order.
  struct Replacement {
    Place at;
    std::vector<PageEntry> by;
  };

  PageDirectory() = default;
  /// Requires: first keys ascend.
  explicit PageDirectory(std::vector<PageEntry> entries);

  bool empty() const { return chunks_.empty(); }
  std::size_t pages() const;
  /// The page that holds the key if any does. Requires: not empty.
  Place find(bytes_view key) const;
  const PageEntry& at(Place place) const { return (*chunks_[place.chunk])[place.index]; }
  /// To the neighbour; false, and unmoved, when there is none.
  bool forward(Place& place) const;
  bool backward(Place& place) const;
  /// Requires: places ascend, no two are the same, and the order of first keys stays.
  PageDirectory replaced(const std::vector<Replacement>& replacements) const;

 private:
  using Chunk = std::vector<PageEntry>;

  void append(Chunk entries);

  std::vector<std::shared_ptr<const Chunk>> chunks_;  // none is empty
};

}  // namespace strata::engine::duck
