// The parameters of an engine's URL (`?cache_bytes=64M&readahead=on`), read with type, default and bounds.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace strata::engine {

struct NumberBounds {
  std::uint64_t least = 0;
  std::uint64_t most = UINT64_MAX;
};

/// Ask for every parameter that the engine knows, then call refuse_unknown(): the names asked for are the ones known.
/// A value that cannot be read or lies out of bounds is `invalid_argument` and names the parameter.
class EngineParameters {
 public:
  /// Requires: `given` outlives this.
  EngineParameters(std::string_view scheme, const std::map<std::string, std::string>& given)
      : scheme_(scheme), given_(given) {}

  /// A size: a number with an optional unit K, M, G or T (powers of 1024).
  std::uint64_t bytes(std::string_view name, std::uint64_t fallback, NumberBounds bounds = {});
  std::uint64_t number(std::string_view name, std::uint64_t fallback, NumberBounds bounds = {});
  std::string text(std::string_view name, std::string_view fallback);
  /// `on`, `yes`, `true`, `1`, or their opposites.
  bool flag(std::string_view name, bool fallback);
  /// `invalid_argument` when the URL holds a name that was not asked for; the message lists those that were.
  void refuse_unknown() const;

 private:
  const std::string* find(std::string_view name);
  [[noreturn]] void refuse(std::string_view name, std::string_view value, const std::string& wanted) const;

  std::string scheme_;
  const std::map<std::string, std::string>& given_;
  std::vector<std::string> known_;
};

}  // namespace strata::engine
