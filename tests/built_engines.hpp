// The engines that this build holds and that need no server, for suites that are made of all of them.
#pragma once

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace strata {

inline std::vector<std::string> built_engines() {
  std::vector<std::string> engines;
  std::istringstream words(STRATA_BUILT_ENGINES);
  for (std::string word; words >> word;) engines.push_back(word);
  return engines;
}

/// Those of these engines that are built.
inline std::vector<std::string> built_of(std::vector<std::string> engines) {
  const std::vector<std::string> built = built_engines();
  std::erase_if(
      engines, [&](const std::string& engine) { return std::find(built.begin(), built.end(), engine) == built.end(); });
  return engines;
}

}  // namespace strata
