#include "engine/duckdb/page_cache.hpp"

#include <iterator>
#include <utility>

namespace strata::engine::duck {
namespace {

/// What a kept page needs besides its body.
constexpr std::uint64_t bytes_around = 200;

std::uint64_t bytes_of(const Page& page) { return page.body_bytes() + bytes_around; }

}  // namespace

std::shared_ptr<const Page> PageCache::find(std::uint64_t id) {
  const std::scoped_lock lock(mutex_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return nullptr;
  by_use_.splice(by_use_.begin(), by_use_, found->second);
  return found->second->page;
}

void PageCache::keep(std::uint64_t id, std::shared_ptr<const Page> page) {
  const std::scoped_lock lock(mutex_);
  if (by_id_.contains(id)) return;
  by_use_.push_front({id, std::move(page)});
  by_id_.emplace(id, by_use_.begin());
  bytes_ += bytes_of(*by_use_.front().page);
  while (bytes_ > bytes_max_) drop(std::prev(by_use_.end()));
}

void PageCache::forget(std::uint64_t id) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = by_id_.find(id); found != by_id_.end()) drop(found->second);
}

std::uint64_t PageCache::bytes() const {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

void PageCache::drop(std::list<Kept>::iterator kept) {
  bytes_ -= bytes_of(*kept->page);
  by_id_.erase(kept->id);
  by_use_.erase(kept);
}

}  // namespace strata::engine::duck
