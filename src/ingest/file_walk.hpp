// The files below a folder: what .gitignore and .ignore leave in, links not followed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace strata::ingest {

struct WalkOptions {
  bool ignore_files = true;  ///< Heed .gitignore, .ignore and .git/info/exclude, those of the folders above too.
  bool hidden = false;       ///< Take names that begin with a dot, too; `.git` never.
  std::vector<std::string> include{};    ///< Patterns as in .gitignore; empty: all files.
  std::vector<std::string> exclude{};    ///< Likewise, of files and folders.
  std::vector<std::string> leave_out{};  ///< Folders, absolute, that are not entered: the store's own.
};

struct WalkedFile {
  std::string path{};  ///< From the root, with `/`; bytes as the system has them.
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
};

struct WalkedProblem {
  std::string path{};
  std::string reason{};
  bool folder = false;  ///< What is below it is not known.
};

struct Walk {
  std::vector<WalkedFile> files{};        ///< By path.
  std::vector<std::string> folders{};     ///< That were entered, by path; the root is "".
  std::vector<WalkedProblem> problems{};  ///< What could not be read.
  std::uint64_t links = 0;                ///< Symbolic links, and
  std::uint64_t special = 0;              ///< pipes, sockets and devices, passed over.
  std::uint64_t ignored = 0;              ///< Files and folders that ignore files and options left out.
};

/// Walks the folder `root`, or takes the one file that it is. `not_found` when there is nothing; `io` when the root
/// itself cannot be listed.
Walk walk_files(const std::string& root, const WalkOptions& options = {});

}  // namespace strata::ingest
