// Another process that opens a store: started anew, not forked, for not every engine survives a fork.
#pragma once

#include <string>
#include <vector>

#include "tests/contract/child_process.hpp"

namespace strata::faults {

/// What it does, in the order given:
/// `nobody`         gives up the rights of root
/// `pid_namespace`  goes on in a pid namespace of its own
/// `await`          says "ready" and awaits a line before it opens the store
/// `read_only`      opens it for reading only
/// `persist`        tries again when the store is busy
/// `put KEY`, `get KEY`
/// `hold`           says "open" and awaits a line before it closes the store
/// It ends with a line: "ok", what it got, or the code and message of its error; "not permitted" when the system does
/// not let it.
class Visitor {
 public:
  Visitor(const std::string& url, std::vector<std::string> words);
  void await(const std::string& line);
  void go_on() { process_.say("go on"); }
  /// Its last line.
  std::string end();
  int id() const { return process_.id(); }

 private:
  engine::ChildProcess process_;
};

/// Visits and says how it ended.
std::string visit(const std::string& url, const std::vector<std::string>& words);

}  // namespace strata::faults
