// For tests: a directory of their own.
#pragma once

#include <cstdlib>
#include <string>

#include "platform/file.hpp"
#include "platform/random.hpp"

namespace strata::platform {

/// Below $TMPDIR, else /tmp. Removed with all that is in it at the end, also by a child that unwinds: a forked child
/// must leave with _exit(), as ChildProcess does.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    const char* root = std::getenv("TMPDIR");
    path_ = join(root != nullptr && *root != '\0' ? root : "/tmp", "strata-test-" + make_uuid().to_string());
    make_directories(path_);
  }
  ~ScratchDirectory() {
    try {
      remove_tree(path_);
    } catch (const std::exception&) {
      // Leftovers in a temporary place are not worth failing a test that has passed.
    }
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return join(path_, name); }

 private:
  std::string path_;
};

}  // namespace strata::platform
