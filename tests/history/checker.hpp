// Was it serializable?
//
// The log says in which order the commits took place. The checker carries out the writes in that order, as the writers
// noted them, in a plain map, and demands of every transaction that each of its reads is what this map held at the
// transaction's place: just before its own position, or, when it only read, at the position that it read from. A place
// must also not lie before that of any transaction that had ended when this one began.
#pragma once

#include <string>
#include <vector>

#include "tests/history/history.hpp"

namespace strata::history {

/// What is wrong with the history, one line each (at most 20); empty when it is serializable. Requires: the log from
/// the first position on.
std::vector<std::string> violations(const History& history);

}  // namespace strata::history
