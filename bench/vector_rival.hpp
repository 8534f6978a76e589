// Other libraries' approximate search of nearest vectors, by squared Euclidean distance, with their usual M 16 and
// ef_construction 200. Built by one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace strata::bench {

/// Answers queries. One thread at a time.
class VectorSearcher {
 public:
  virtual ~VectorSearcher() = default;
  /// The numbers of the vectors found, in any order.
  virtual void search(const std::vector<float>& query, std::size_t k, std::vector<std::uint32_t>& out) = 0;
};

class VectorIndexer {
 public:
  virtual ~VectorIndexer() = default;
  virtual std::string name() const = 0;
  virtual void build(const std::vector<std::vector<float>>& vectors) = 0;
  /// `effort`: candidates kept, or vectors looked at; that of the newest searcher is that of all. `thread`: its number,
  /// below vector_threads(). Requires: the index outlives the searcher.
  virtual std::unique_ptr<VectorSearcher> searcher(std::size_t effort, std::size_t thread) = 0;
  /// Of one vector with all that is needed to find it, in memory.
  virtual double bytes_per_vector() const = 0;
  /// The efforts to try, ascending.
  virtual std::vector<std::size_t> efforts() const {
    return {10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256, 384, 512};
  }
  virtual std::string note() const { return {}; }
};

/// All cores.
inline std::size_t vector_threads() { return std::max(1U, std::thread::hardware_concurrency()); }

// Each in a file of its own name, where the library was found.
std::unique_ptr<VectorIndexer> make_hnswlib();
std::unique_ptr<VectorIndexer> make_faiss();
std::unique_ptr<VectorIndexer> make_usearch();

}  // namespace strata::bench
