// What a transaction does to the pages: those that it touches are replaced by new ones.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "engine/duckdb/view.hpp"

namespace strata::engine::duck {

/// The writes of a transaction by stored key; nothing where the row is erased.
using Overlay = std::map<Bytes, std::optional<Bytes>, std::less<>>;

struct NewPage {
  std::uint64_t id = 0;
  Bytes first;
  Bytes body;
};

/// Goes through the pages from the first key to the last.
class PageRewrite {
 public:
  using Sink = std::function<void(NewPage page)>;
  /// Ids of new pages are taken from `next_id` up. New pages go to `sink` one at a time.
  PageRewrite(View& view, std::uint64_t& next_id, Sink sink);

  /// Lays the writes over the pages. Called once at most.
  void apply(const Overlay& overlay);
  /// Packs up to `pages` neighbours anew, from the page of that key on. Where to go on; nothing after the last page.
  std::optional<Bytes> repack(bytes_view from, std::size_t pages);

  const std::vector<std::uint64_t>& stale() const { return stale_; }
  /// The directory afterwards.
  PageDirectory directory() const;

 private:
  using Place = PageDirectory::Place;
  using Writes = Overlay::const_iterator;

  /// The rows of one page with the writes that belong to it on top.
  struct Merged {
    std::vector<RowView> rows;
    std::size_t bytes_before = 0;
    std::size_t bytes = 0;
    bool changed = false;
    bool appended = false;  // the last row is a new one
  };

  Writes end_of_page(Place place, Writes from, Writes end) const;
  static void merge(const Page& page, Writes from, Writes end, Merged& merged);
  std::vector<PageEntry> write(const Merged& merged);
  PageEntry write_page(std::span<const RowView> rows);

  View& view_;
  std::uint64_t& next_id_;
  Sink sink_;
  std::vector<std::uint64_t> stale_;
  std::vector<PageDirectory::Replacement> replacements_;
  std::vector<PageEntry> first_pages_;  // of a store that had none
};

}  // namespace strata::engine::duck
