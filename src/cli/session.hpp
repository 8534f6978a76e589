// What every command works with: the store that it was pointed at, its streams, and how its answers are to look.
#pragma once

#include <istream>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/progress_bar.hpp"
#include "cli/rows.hpp"
#include "strata/store.hpp"

namespace strata::cli {

/// Wrong usage, found before the store was touched. Ends with exit code 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The person pressed Ctrl-C, and the job stopped at a safe point. Says how to go on. Ends with exit code 1.
class Interrupted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The streams of a run, and what is known of them.
struct Terminal {
  std::istream& in;
  std::ostream& out;
  std::ostream& error;
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool error_is_terminal = false;
  std::size_t width = 0;  ///< 0: no terminal, or unknown.
  bool colour = false;
};

class Session {
 public:
  /// `read`: an absent store is `not_found`, and nothing is written. `change`: likewise, but for writing.
  enum class Access { read, change, create };

  /// What can be chosen on each command line.
  struct Choice {
    std::string location;  ///< Empty: $STRATA_STORE, else ./strata-data.
    std::optional<Format> format;
    std::optional<Durability> durability;
  };

  explicit Session(Terminal terminal);

  Choice choice;
  std::string command;  ///< The name of the command that runs: part of the commits' origin.

  /// The path or URL of the store that commands work on.
  std::string location() const;
  /// Opens the store. It stays open until close_store(), or until another one is asked for.
  Store& store(Access access);
  void close_store();
  /// A shell keeps its store open between commands, so it never opens one for reading alone.
  void keep_open(bool keep) { keep_open_ = keep; }

  /// A collection to read from; `not_found` (with the names that exist) when there is none of that name.
  Collection existing_collection(Access access, const std::string& name);
  /// Names of the collections that are a person's own: those that begin with `_` are not.
  std::vector<std::string> visible_collections(Access access);

  CommitOptions commit_options() const;
  Display display() const;
  std::ostream& out() { return terminal_.out; }
  std::ostream& error() { return terminal_.error; }
  std::istream& in() { return terminal_.in; }
  const Terminal& terminal() const { return terminal_; }
  std::unique_ptr<ProgressBar> progress_bar(ProgressBar::Unit unit = ProgressBar::Unit::things);
  /// One line on standard error that is no failure; on a terminal alone.
  void note(const std::string& text);

 private:
  Terminal terminal_;
  std::optional<Store> store_;
  std::string store_location_;
  Access store_access_ = Access::read;
  bool keep_open_ = false;
};

/// The schemes of the engines in this build, sorted.
std::vector<std::string> built_in_engines();

}  // namespace strata::cli
