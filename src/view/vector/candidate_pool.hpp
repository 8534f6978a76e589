// The best nodes that a walk has seen, in order, and which of them it has not looked around yet.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace strata::view {

/// A score and a node in one number: the greater the nearer; of equal scores the lower node is greater; scores that are
/// NaN are the least. The lowest bit is left for the pool. Nodes are below 2^31.
using CandidateKey = std::uint64_t;

inline CandidateKey candidate_key(float score, std::uint32_t node) {
  const auto bits = std::bit_cast<std::uint32_t>(score);
  const std::uint32_t sign = bits >> 31;
  const std::uint32_t ordered = std::isnan(score) ? 0 : (sign != 0 ? ~bits : bits | 0x8000'0000U);
  return std::uint64_t{ordered} << 32 | std::uint64_t{0x7fff'ffffU - node} << 1;
}

inline std::uint32_t candidate_node(CandidateKey key) { return 0x7fff'ffffU - (static_cast<std::uint32_t>(key) >> 1); }

inline float candidate_score(CandidateKey key) {
  const auto ordered = static_cast<std::uint32_t>(key >> 32);
  return std::bit_cast<float>((ordered & 0x8000'0000U) != 0 ? ordered & 0x7fff'ffffU : ~ordered);
}

class CandidatePool {
 public:
  void reset(std::size_t capacity) {
    capacity_ = capacity;
    if (keys_.size() < capacity + 1) keys_.resize(capacity + 1);
    size_ = 0;
    next_ = 0;
  }

  /// Keeps the best `capacity`.
  void offer(CandidateKey key) {
    if (size_ == capacity_) {
      if (key <= keys_[size_ - 1]) return;
      --size_;
    }
    CandidateKey* const begin = keys_.data();
    CandidateKey* const end = begin + size_;
    CandidateKey* const place =
        std::lower_bound(begin, end, key, [](auto kept, auto offered) { return kept > offered; });
    std::copy_backward(place, end, end + 1);
    *place = key;
    ++size_;
    next_ = std::min(next_, static_cast<std::size_t>(place - begin));
  }

  /// The best that was not taken yet stays in the pool, and counts as taken.
  bool take_next(std::uint32_t& node) {
    while (next_ < size_ && (keys_[next_] & taken) != 0) ++next_;
    if (next_ == size_) return false;
    node = candidate_node(keys_[next_]);
    keys_[next_] |= taken;
    ++next_;
    return true;
  }

  /// What take_next would give now, without taking it.
  const CandidateKey* peek() const {
    std::size_t at = next_;
    while (at < size_ && (keys_[at] & taken) != 0) ++at;
    return at < size_ ? &keys_[at] : nullptr;
  }

  std::size_t size() const { return size_; }
  bool full() const { return size_ == capacity_; }
  CandidateKey worst() const { return keys_[size_ - 1]; }
  CandidateKey operator[](std::size_t at) const { return keys_[at]; }

 private:
  static constexpr CandidateKey taken = 1;

  std::vector<CandidateKey> keys_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  std::size_t next_ = 0;  ///< All before it are taken.
};

}  // namespace strata::view
