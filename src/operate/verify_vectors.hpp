// Verifying vector fields: each vector is one of its field, and belongs to a record.
#pragma once

#include <functional>
#include <string>

#include "commit/view.hpp"

namespace strata::operate {

/// Calls `problem` for each. Damaged rows are named with the records.
void verify_vectors(commit::View& view, const std::function<void(std::string)>& problem);

}  // namespace strata::operate
