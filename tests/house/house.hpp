// The house rules as code: which folder may include what, and how long and how named a file may be.
// Pure functions over a path and a text, so that the rules themselves are tested on bad samples.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace strata::house {

/// A broken rule, at a line of a file (0: the file as a whole).
struct Fault {
  std::string path;
  std::size_t line = 0;
  std::string reason;
  /// `path:line: reason`, one line, as compilers write it.
  std::string to_string() const;
};

inline constexpr std::size_t file_lines_max = 800;

/// Every rule that `path` (relative to the root of the tree, with `/`) breaks with this text.
std::vector<Fault> check_file(std::string_view path, std::string_view text);

}  // namespace strata::house
