#include "view/vector/lists.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "strata/error.hpp"
#include "view/vector/candidate_pool.hpp"
#include "view/vector/lists_layout.hpp"
#include "view/vector/nearest.hpp"

namespace strata::view {
namespace {

std::uint32_t load_number(const std::byte* numbers, std::size_t at) {
  std::uint32_t number = 0;
  std::memcpy(&number, numbers + at * sizeof number, sizeof number);
  return number;
}

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::corruption, "a run of vector lists " + what + ": it is damaged, and is to be built again");
}

}  // namespace

std::size_t effort_default(std::size_t count, std::size_t k) {
  constexpr std::size_t effort_min = 2048;
  constexpr double lists_default = 40;  // of about the square root of the count each
  const auto some = static_cast<std::size_t>(lists_default * std::sqrt(static_cast<double>(count)));
  return std::min(count, std::max({some, effort_min, 20 * k}));
}

Lists::Lists(const Rows& rows, std::span<const std::byte> bytes) : rows_(rows) {
  ListsLayout layout;
  if (bytes.size() < ListsLayout::header_bytes || !layout.read_header(bytes.data()))
    refuse("does not begin with its mark");
  if (layout.rows != rows.count() || layout.lists > rows.count() || (layout.lists == 0 && rows.count() > 0)) {
    refuse("is of " + std::to_string(layout.rows) + " rows where " + std::to_string(rows.count()) + " lie beside it");
  }
  layout.place(rows.stride());
  if (layout.bytes != bytes.size()) {
    refuse("has " + std::to_string(bytes.size()) + " bytes where its header tells of " + std::to_string(layout.bytes));
  }
  lists_ = layout.lists;
  if (lists_ == 0) return;
  centres_ = Rows(rows.shape(), bytes.data() + ListsLayout::header_bytes, lists_);
  starts_ = bytes.data() + layout.starts;
  members_ = bytes.data() + layout.members;
  std::uint32_t last = 0;
  for (std::size_t list = 0; list <= lists_; ++list) {
    const std::uint32_t start = load_number(starts_, list);
    if (start < last || start > rows.count()) refuse("has lists that overlap");
    last = start;
  }
}

std::size_t Lists::search(const Target& target, std::size_t k, std::size_t effort, const Accept& accept,
                          std::vector<Neighbor>& out) const {
  check_shape(rows_, target);
  out.clear();
  if (k == 0) return 0;
  effort = std::max(effort == 0 ? effort_default(rows_.count(), k) : effort, k);
  std::vector<CandidateKey> nearest_lists(lists_);
  for (std::size_t list = 0; list < lists_; ++list) {
    nearest_lists[list] = candidate_key(target.score(centres_[list]), static_cast<std::uint32_t>(list));
  }
  std::make_heap(nearest_lists.begin(), nearest_lists.end());
  BestRows best(k);
  RowBatch waiting(rows_, target);
  std::size_t compared = 0;
  while (compared < effort && !nearest_lists.empty()) {
    std::pop_heap(nearest_lists.begin(), nearest_lists.end());
    const std::uint32_t list = candidate_node(nearest_lists.back());
    nearest_lists.pop_back();
    const std::uint32_t end = load_number(starts_, list + 1);
    for (std::uint32_t at = load_number(starts_, list); at < end; ++at) {
      const std::uint32_t row = load_number(members_, at);
      if (row >= rows_.count() || (accept && !accept(row))) continue;
      ++compared;
      waiting.add(row);
      if (waiting.full()) waiting.offer_to(best, std::nullopt);
    }
  }
  waiting.offer_to(best, std::nullopt);
  out = best.take();
  return compared;
}

}  // namespace strata::view
