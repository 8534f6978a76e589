#include "engine/duckdb/page_rewrite.hpp"

#include <utility>

#include "engine/stored_key.hpp"

namespace strata::engine::duck {
namespace {

/// A page that erasing leaves smaller than this is joined with its neighbour.
constexpr std::size_t page_bytes_least = page_bytes_max / 4;

/// How many bytes of rows are packed anew at once.
constexpr std::size_t repack_bytes_max = std::size_t{4} << 20;

/// Spaces share no page: rows that come at the end of one space then come at the end of a page, too.
bool same_space(bytes_view a, bytes_view b) {
  return a.substr(0, space_prefix_bytes) == b.substr(0, space_prefix_bytes);
}

}  // namespace

PageRewrite::PageRewrite(View& view, std::uint64_t& next_id, Sink sink)
    : view_(view), next_id_(next_id), sink_(std::move(sink)) {}

void PageRewrite::apply(const Overlay& overlay) {
  const PageDirectory& directory = view_.directory();
  if (directory.empty()) {
    Merged merged;
    for (const auto& [key, value] : overlay) {
      if (!value) continue;
      merged.rows.push_back({key, *value});
      merged.bytes += Page::bytes_of(merged.rows.back());
      merged.appended = true;
    }
    first_pages_ = write(merged);
    return;
  }
  for (Writes at = overlay.begin(); at != overlay.end();) {
    Place place = directory.find(at->first);
    std::vector<std::shared_ptr<const Page>> pages;  // whose rows `merged` shows
    std::vector<Place> places;
    Merged merged;
    for (bool more = true; more;) {
      const Writes end = end_of_page(place, at, overlay.end());
      pages.push_back(view_.page(directory.at(place)));
      places.push_back(place);
      merge(*pages.back(), at, end, merged);
      at = end;
      more = merged.changed && merged.bytes < merged.bytes_before && merged.bytes < page_bytes_least &&
             directory.forward(place) && same_space(directory.at(place).first, directory.at(places.back()).first);
    }
    if (!merged.changed) continue;
    for (std::size_t i = 0; i < places.size(); ++i) {
      stale_.push_back(directory.at(places[i]).id);
      replacements_.push_back({places[i], i == 0 ? write(merged) : std::vector<PageEntry>()});
    }
  }
}

std::optional<Bytes> PageRewrite::repack(bytes_view from, std::size_t pages) {
  const PageDirectory& directory = view_.directory();
  if (directory.empty()) return std::nullopt;
  std::vector<std::shared_ptr<const Page>> kept;
  Merged merged;
  Place place = directory.find(from);
  bool more = true;
  for (; more && kept.size() < pages && merged.bytes < repack_bytes_max; more = directory.forward(place)) {
    kept.push_back(view_.page(directory.at(place)));
    merge(*kept.back(), {}, {}, merged);
    stale_.push_back(directory.at(place).id);
    replacements_.push_back({place, {}});
  }
  merged.appended = true;  // so that pages are filled to the brim
  replacements_.front().by = write(merged);
  return more ? std::optional(directory.at(place).first) : std::nullopt;
}

PageDirectory PageRewrite::directory() const {
  return view_.directory().empty() ? PageDirectory(first_pages_) : view_.directory().replaced(replacements_);
}

/// Where the writes end that belong to the page.
PageRewrite::Writes PageRewrite::end_of_page(Place place, Writes from, Writes end) const {
  if (!view_.directory().forward(place)) return end;
  const Bytes& bound = view_.directory().at(place).first;
  while (from != end && from->first < bound) ++from;
  return from;
}

void PageRewrite::merge(const Page& page, Writes from, Writes end, Merged& merged) {
  const auto add = [&merged](const RowView& row) {
    merged.rows.push_back(row);
    merged.bytes += Page::bytes_of(row);
  };
  std::size_t index = 0;
  for (Writes write = from; write != end; ++write) {
    for (; index < page.size() && page.row(index).key < write->first; ++index) add(page.row(index));
    const bool present = index < page.size() && page.row(index).key == write->first;
    if (present) ++index;
    if (write->second) add({write->first, *write->second});
    if (present || write->second) merged.changed = true;
    merged.appended = index == page.size() && write->second && !present;
  }
  for (; index < page.size(); ++index) {
    add(page.row(index));
    merged.appended = false;
  }
  merged.bytes_before += page.body_bytes();
}

std::vector<PageEntry> PageRewrite::write(const Merged& merged) {
  std::vector<PageEntry> entries;
  // Rows that come in order fill page after page; where they come at random, all pages get room for more.
  const std::size_t pages = merged.bytes / page_bytes_max + 1;
  const std::size_t target = merged.appended || pages == 1 ? page_bytes_max : merged.bytes / pages + 1;
  std::size_t begin = 0;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < merged.rows.size(); ++i) {
    const std::size_t row = Page::bytes_of(merged.rows[i]);
    if (i > begin && (bytes + row > target || !same_space(merged.rows[i].key, merged.rows[begin].key))) {
      entries.push_back(write_page(std::span(merged.rows).subspan(begin, i - begin)));
      begin = i;
      bytes = 0;
    }
    bytes += row;
  }
  if (begin < merged.rows.size()) entries.push_back(write_page(std::span(merged.rows).subspan(begin)));
  return entries;
}

PageEntry PageRewrite::write_page(std::span<const RowView> rows) {
  PageEntry entry{Bytes(rows.front().key), next_id_++};
  sink_({entry.id, entry.first, Page::pack(rows)});
  return entry;
}

}  // namespace strata::engine::duck
