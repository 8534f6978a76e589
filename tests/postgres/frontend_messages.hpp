// What a PostgreSQL client sends, as far as one must read it to see a COMMIT on its way.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

namespace strata::outside {

/// Reads one connection's bytes as they come (https://www.postgresql.org/docs/current/protocol-message-formats.html).
class FrontendMessages {
 public:
  /// Whether these bytes complete a message that runs a COMMIT.
  bool runs_commit(std::string_view bytes);

 private:
  bool take_startup();
  bool take(char type, std::string_view body);

  std::string unread_;
  bool started_ = false;
  bool bound_to_commit_ = false;
  std::set<std::string, std::less<>> commits_;  ///< Names of prepared statements.
};

}  // namespace strata::outside
