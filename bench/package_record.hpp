// Records like those of a package catalogue: a dozen fields, some long; about 1 KB as JSON.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "strata/value.hpp"

namespace strata::bench {

struct PackageRecord {
  std::string key;
  std::vector<std::pair<std::string, std::string>> texts;  ///< Fields that hold text.
  std::int64_t installed_size = 0;                         ///< `Installed-Size`, the last field.
};

/// Made up, the same each time; words are drawn as unevenly as in real text.
std::vector<PackageRecord> made_up_packages(std::size_t count);

/// The machine's own catalogue, as `strata import` reads it; empty when there is none.
std::vector<std::pair<std::string, Value>> machine_packages();

Value value_of(const PackageRecord& record);

}  // namespace strata::bench
