#include "engine/duckdb/page_directory.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace strata::engine::duck {
namespace {

constexpr std::size_t chunk_entries = 256;

}  // namespace

PageDirectory::PageDirectory(std::vector<PageEntry> entries) { append(std::move(entries)); }

void PageDirectory::append(Chunk entries) {
  if (entries.empty()) return;
  if (entries.size() <= 2 * chunk_entries) {
    chunks_.push_back(std::make_shared<const Chunk>(std::move(entries)));
    return;
  }
  for (std::size_t at = 0; at < entries.size(); at += chunk_entries) {
    const auto begin = entries.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = entries.begin() + static_cast<std::ptrdiff_t>(std::min(at + chunk_entries, entries.size()));
    chunks_.push_back(std::make_shared<const Chunk>(std::move_iterator(begin), std::move_iterator(end)));
  }
}

std::size_t PageDirectory::pages() const {
  std::size_t pages = 0;
  for (const auto& chunk : chunks_) pages += chunk->size();
  return pages;
}

PageDirectory::Place PageDirectory::find(bytes_view key) const {
  const auto chunk = std::upper_bound(chunks_.begin(), chunks_.end(), key,
                                      [](bytes_view wanted, const auto& c) { return wanted < c->front().first; });
  if (chunk == chunks_.begin()) return {};
  const Chunk& entries = **std::prev(chunk);
  const auto entry = std::upper_bound(entries.begin(), entries.end(), key,
                                      [](bytes_view wanted, const PageEntry& e) { return wanted < e.first; });
  return {static_cast<std::size_t>(std::prev(chunk) - chunks_.begin()),
          static_cast<std::size_t>(std::prev(entry) - entries.begin())};
}

bool PageDirectory::forward(Place& place) const {
  if (place.index + 1 < chunks_[place.chunk]->size()) {
    ++place.index;
    return true;
  }
  if (place.chunk + 1 >= chunks_.size()) return false;
  place = {place.chunk + 1, 0};
  return true;
}

bool PageDirectory::backward(Place& place) const {
  if (place.index > 0) {
    --place.index;
    return true;
  }
  if (place.chunk == 0) return false;
  place = {place.chunk - 1, chunks_[place.chunk - 1]->size() - 1};
  return true;
}

PageDirectory PageDirectory::replaced(const std::vector<Replacement>& replacements) const {
  PageDirectory result;
  result.chunks_.reserve(chunks_.size() + 1);
  auto next = replacements.begin();
  for (std::size_t number = 0; number < chunks_.size(); ++number) {
    if (next == replacements.end() || next->at.chunk != number) {
      result.chunks_.push_back(chunks_[number]);
      continue;
    }
    Chunk entries;
    for (std::size_t index = 0; index < chunks_[number]->size(); ++index) {
      if (next != replacements.end() && next->at.chunk == number && next->at.index == index) {
        entries.insert(entries.end(), next->by.begin(), next->by.end());
        ++next;
      } else {
        entries.push_back((*chunks_[number])[index]);
      }
    }
    result.append(std::move(entries));
  }
  return result;
}

}  // namespace strata::engine::duck
