// What must hold among queue items, beyond what holds for every record.
#pragma once

#include <functional>
#include <string>

#include "commit/view.hpp"

namespace strata::operate {

/// Keys and bodies are items', bodies say what their index terms say, no two live items of a queue share a
/// de-duplication key, and leases are of items that are there. Tells `problem` of each that is not so.
void verify_queues(commit::View& view, const std::function<void(std::string)>& problem);

}  // namespace strata::operate
