// Pages that were read or written lately. One id always means the same page, so nothing here grows stale.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "engine/duckdb/page.hpp"

namespace strata::engine::duck {

/// Thread-safe. Forgets what was not asked for longest.
class PageCache {
 public:
  explicit PageCache(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  /// The page, or nullptr.
  std::shared_ptr<const Page> find(std::uint64_t id);
  void keep(std::uint64_t id, std::shared_ptr<const Page> page);
  void forget(std::uint64_t id);
  std::uint64_t bytes() const;

 private:
  struct Kept {
    std::uint64_t id = 0;
    std::shared_ptr<const Page> page;
  };

  void drop(std::list<Kept>::iterator kept);

  const std::uint64_t bytes_max_;
  mutable std::mutex mutex_;
  std::list<Kept> by_use_;  // the latest first
  std::unordered_map<std::uint64_t, std::list<Kept>::iterator> by_id_;
  std::uint64_t bytes_ = 0;
};

}  // namespace strata::engine::duck
