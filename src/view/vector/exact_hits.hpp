// The best of the stored vectors that were offered, compared exactly.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "view/vector/target.hpp"
#include "view/vector/vector_view.hpp"

namespace strata::view {

class ExactHits {
 public:
  /// Requires: the request lives as long as this.
  ExactHits(const VectorOptions& options, const VectorRequest& request);
  void offer(std::string_view key, std::span<const float> vector);
  std::uint64_t compared() const { return compared_; }
  std::size_t size() const { return hits_.size(); }
  /// The most alike first. Leaves this empty.
  std::vector<VectorHit> take();

 private:
  static bool better(double similarity, std::string_view key, const VectorHit& than) {
    return similarity != than.similarity ? similarity > than.similarity : key < than.key;
  }
  static bool worst_first(const VectorHit& one, const VectorHit& other) {
    return better(one.similarity, one.key, other);
  }

  const VectorRequest& request_;
  Target target_;
  std::vector<std::byte> row_;
  std::vector<VectorHit> hits_;
  std::uint64_t compared_ = 0;
};

}  // namespace strata::view
