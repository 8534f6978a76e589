// A store as JSON Lines, and back (strata/dump.hpp says the form).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "commit/trunk.hpp"
#include "strata/dump.hpp"

namespace strata::operate {

void dump(commit::Trunk& trunk, const std::function<void(std::string_view line)>& sink, engine::Progress* progress);
LoadReport load(commit::Trunk& trunk, const std::function<bool(std::string& line)>& source, engine::Progress* progress);

}  // namespace strata::operate
