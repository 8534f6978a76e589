// Store URLs: `scheme:location?name=value&name=value`, or a bare path.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace strata::store {

struct Url {
  std::string scheme;    ///< Empty for a bare path.
  std::string location;  ///< The path, or what a remote engine understands.
  std::map<std::string, std::string> parameters;
};

/// `%41` in parameters is decoded. `invalid_argument` when malformed: no location where one is needed, a parameter
/// without name or given twice.
Url parse_url(std::string_view text);
/// Whether a parameter holds what nobody should see.
bool is_secret(std::string_view parameter);
/// As strata::without_secrets.
std::string without_secrets(const Url& url);

}  // namespace strata::store
