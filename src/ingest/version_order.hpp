// The order of version numbers as Debian defines it (deb-version(7)): `1.9 < 1.10`, `2.0~rc1 < 2.0`, `9 < 1:0`.
#pragma once

#include <compare>
#include <string_view>

namespace strata::ingest {

std::strong_ordering compare_versions(std::string_view a, std::string_view b);

}  // namespace strata::ingest
