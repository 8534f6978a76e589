// What PostgreSQL says, as errors of ours.
#pragma once

#include <string>
#include <string_view>

#include "strata/error.hpp"

namespace strata::engine::postgres {

/// Says that the server cannot be reached, or has ended the session: nothing is known of what was under way.
class Disconnected : public Error {
 public:
  using Error::Error;
};

/// A failed statement. `state` is the SQLSTATE (PostgreSQL, appendix A), `message` its primary message, one line.
[[noreturn]] void throw_failure(const std::string& place, std::string_view state, std::string_view message);
/// A connection that did not come about. Disconnected when it may later. `message` is libpq's.
[[noreturn]] void throw_no_connection(const std::string& place, std::string_view message);
/// A session that ended. `state` and `message` are the server's farewell, if there was one.
[[noreturn]] void throw_disconnected(const std::string& place, std::string_view state, std::string_view message);

}  // namespace strata::engine::postgres
