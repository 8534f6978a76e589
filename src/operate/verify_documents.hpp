// What verify() checks of documents beyond their rows: that each has its record, its parts, and its size, that chunks
// are what their keys say, and that the uses of chunks are exactly those that documents and lists have.
#pragma once

#include <functional>
#include <string>

#include "commit/view.hpp"

namespace strata::operate {

void verify_documents(commit::View& view, const std::function<void(std::string)>& problem);

}  // namespace strata::operate
