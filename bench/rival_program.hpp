// A rival that runs in a process of its own, given its work as JSON, and says what it measured: one line of JSON for
// each piece of work, then `end`. What `tools/setup --rivals` unpacked is used, and nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "bench/setting.hpp"

namespace strata::bench {

/// What it said of one piece of work.
struct RivalLine {
  Line line;
  std::optional<std::uint64_t> found;  ///< What it counted, to be compared.
  bool without_itself = false;         ///< Of closures: pairs of a node with itself are not counted.
};

/// A line of such a program: `work`, then `times_us`, `seconds` and, unless each time is of one, `operations`; or
/// `figure`; and `note`, `recall`, `found`, `without_itself`.
RivalLine line_of(const std::string& who, const std::string& text);

/// Kuzu and CozoDB, one after the other, with this work (rival_work.mjs). Where one is missing, or ends early, a line
/// says so.
void run_graph_rivals(Setting& setting, const std::string& name, const Value& task,
                      const std::function<void(const RivalLine&)>& tell);

}  // namespace strata::bench
