// Lines typed at a terminal: editing, history, completion.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace strata::cli {

class LineEditor {
 public:
  /// Candidates for the word that ends at the cursor, given the line up to there.
  using Completer = std::function<std::vector<std::string>(const std::string& line)>;

  /// `history_path`: where lines are kept for the next time; empty: nowhere.
  LineEditor(const std::string& history_path, Completer completer);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// The next line without its end; nothing at the end of input. Ctrl-C gives an empty line.
  std::optional<std::string> read();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// $XDG_STATE_HOME/strata/history, else ~/.local/state/strata/history; empty when there is no home.
std::string default_history_path();

}  // namespace strata::cli
