// The one exception type of Strata.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace strata {

/// One code for each thing that a caller can do about a failure.
enum class ErrorCode {
  not_found,         ///< The named thing (not a record: that is std::nullopt) is not there.
  already_exists,    ///< A unique value or a name is taken.
  invalid_argument,  ///< The call itself is wrong; it will fail again.
  unsupported,       ///< This engine, format or build cannot do it.
  conflict,          ///< Someone else changed what was read: run it again.
  busy,              ///< No turn before the deadline: later.
  limit_exceeded,    ///< A limit, named in the message, was passed.
  corruption,        ///< What is stored is damaged. Stop, run `strata verify`.
  io,                ///< The operating system refused. Close, see to it, open again.
  commit_unknown,    ///< The commit may or may not have happened: ask by its transaction id.
  gap,               ///< The log no longer reaches back that far: fill again.
  closed,            ///< The handle is closed, or belongs to the parent of this process.
  internal,          ///< A defect in Strata.
};

/// The code's name as scripts see it: `not_found`, `busy`, ...
std::string_view to_string(ErrorCode code);

/// Thrown by everything that can fail. what() is one line: the thing, the place, the remedy.
class Error : public std::runtime_error {
 public:
  /// Control characters in the message become spaces.
  Error(ErrorCode code, const std::string& message);
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace strata
