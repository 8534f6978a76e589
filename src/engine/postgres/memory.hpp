// What a process remembers of the state that it wrote last, so that its next commit need not ask.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>

#include "strata/engine.hpp"
#include "strata/types.hpp"

namespace strata::engine::postgres {

/// The hot rows (head, totals) of one state of the gate. The gate's number is drawn at random with each commit, so
/// equal numbers mean that nobody has written since.
struct Memory {
  std::int64_t state = 0;
  /// By stored keys; nothing: no such row.
  std::map<Bytes, std::optional<Bytes>, std::less<>> rows;

  Bytes encode() const;
  /// Nothing when these bytes are no memory.
  static std::optional<Memory> decode(bytes_view bytes);
};

/// Tells which spaces are asked for rows that turn out to be absent: where keys are new ones, to ask is a waste.
class AbsenceGuess {
 public:
  void note(Space space, bool absent);
  bool expects_absence(Space space) const;
  /// One of them was wrong, nobody knows which.
  void forget() { runs_.clear(); }

 private:
  std::unordered_map<std::uint32_t, std::uint32_t> runs_;
};

}  // namespace strata::engine::postgres
