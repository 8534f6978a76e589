// The best of many hits, equal ones by key, without the key of every hit being looked up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "strata/types.hpp"

namespace strata::view::text {

struct Candidate {
  double score = 0;
  std::uint64_t row = 0;
  bool apart = false;  ///< Of the reading's own table.
  bool known = false;  ///< key and version were looked up.
  Bytes key{};
  Version version{};
};

class TopHits {
 public:
  using Look = std::function<void(Candidate&)>;
  /// `look` fills in key and version.
  TopHits(std::size_t wanted, Look look) : wanted_(wanted), look_(std::move(look)) {}

  void add(double score, std::uint64_t row, bool apart);
  /// At most as many as are wanted, the best first; all known.
  std::vector<Candidate> take();

 private:
  void prune();

  std::size_t wanted_;
  Look look_;
  std::vector<Candidate> candidates_;
};

}  // namespace strata::view::text
