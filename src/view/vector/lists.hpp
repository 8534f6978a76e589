// Rows in lists around centres (inverted file, IVF): a search looks through the lists whose centres are nearest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "view/vector/target.hpp"
#include "view/vector/vector_rows.hpp"

namespace strata::view {

struct ListsOptions {
  std::size_t lists = 0;  ///< 0: about the square root of the number of rows.
  std::size_t rounds = 8;
  std::size_t threads = 1;
  Advance advance{};  ///< Called now and then, by one thread at a time.
};

/// The lists' bytes; nothing when `advance` stopped the work. The same rows always make the same bytes.
std::optional<std::vector<std::byte>> build_lists(const Rows& rows, const ListsOptions& options);

/// Rows that a search looks at where the caller names no number: finds 95 of 100 and more.
std::size_t effort_default(std::size_t count, std::size_t k);

/// A view of the lists' bytes and their rows. Both stay as they are while this is used. Searching is safe from many
/// threads. Whatever the bytes hold, a search ends and reads nothing outside of them.
class Lists {
 public:
  /// Throws: corruption when the bytes are no lists of these rows.
  Lists(const Rows& rows, std::span<const std::byte> bytes);

  std::size_t count() const { return rows_.count(); }
  std::size_t lists() const { return lists_; }

  /// The nearest of the rows that `accept` takes in the nearest lists, at most k, in the order of `nearer`. `effort`:
  /// stops after the list in which the number of accepted rows that were compared reaches it (0: effort_default).
  /// Returns how many rows were compared, centres not among them. Throws: invalid_argument when the target's shape is
  /// not that of the rows.
  std::size_t search(const Target& target, std::size_t k, std::size_t effort, const Accept& accept,
                     std::vector<Neighbor>& out) const;

 private:
  Rows rows_;
  Rows centres_;  ///< In the shape of the rows, so that one target serves both.
  std::size_t lists_ = 0;
  const std::byte* starts_ = nullptr;   ///< u32 for each list, and the end of the last.
  const std::byte* members_ = nullptr;  ///< u32 for each row: its number, list after list.
};

}  // namespace strata::view
