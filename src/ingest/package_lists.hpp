// The package catalogue that apt keeps on a Debian-like system.
#pragma once

#include <string>
#include <vector>

namespace strata::ingest {

/// Where apt keeps it.
inline constexpr const char* apt_lists_directory = "/var/lib/apt/lists";

/// The lists in a directory, `*_Packages` with or without the ending of an archive, sorted; those that are empty are
/// left out.
std::vector<std::string> package_lists(const std::string& directory);

}  // namespace strata::ingest
