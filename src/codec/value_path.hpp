// Paths such as `a."b.c"[0]`, one step at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace strata::codec {

struct PathStep {
  std::string_view name;  ///< Points into the path or the reader; valid until the next step.
  std::size_t index = 0;
  bool is_index = false;
};

/// A step is a name or `[index]`; `.` stands before a name that is not the first step. In double quotes a name may have
/// any characters, with `\"` and `\\` for those two.
class PathReader {
 public:
  explicit PathReader(std::string_view path) : path_(path) {}

  /// False at the end. `invalid_argument` when malformed; an empty path is.
  bool next(PathStep& step);
  bool at_end() const { return at_ == path_.size(); }

 private:
  void read_index(PathStep& step);
  void read_quoted(PathStep& step);
  [[noreturn]] void fail(const char* reason) const;

  std::string_view path_;
  std::size_t at_ = 0;
  std::string unescaped_;
};

}  // namespace strata::codec
