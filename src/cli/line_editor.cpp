#include "cli/line_editor.hpp"

#include <histedit.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "cli/system.hpp"
#include "strata/error.hpp"

namespace strata::cli {
namespace {

namespace fs = std::filesystem;

constexpr int history_lines_max = 1000;

const char* prompt(EditLine*) { return "strata> "; }

std::size_t word_start(const std::string& line) {
  const std::size_t blank = line.find_last_of(" \t");
  return blank == std::string::npos ? 0 : blank + 1;
}

std::string common_beginning(const std::vector<std::string>& words) {
  std::string common = words.front();
  for (const std::string& word : words) {
    std::size_t same = 0;
    while (same < common.size() && same < word.size() && common[same] == word[same]) ++same;
    common.resize(same);
  }
  return common;
}

}  // namespace

struct LineEditor::State {
  ~State() {
    if (editor != nullptr) el_end(editor);
    if (history != nullptr) history_end(history);
  }

  /// libedit's own name for a key that was pressed: it hands back the client data.
  static unsigned char on_tab(EditLine* editor, wint_t) {
    void* client = nullptr;
    el_get(editor, EL_CLIENTDATA, &client);
    return static_cast<State*>(client)->complete();
  }

  unsigned char complete() {
    const LineInfo* info = el_line(editor);
    const std::string line(info->buffer, static_cast<std::size_t>(info->cursor - info->buffer));
    const std::vector<std::string> candidates = completer(line);
    if (candidates.empty()) return CC_REFRESH_BEEP;
    const std::string common = common_beginning(candidates);
    const std::size_t typed = line.size() - word_start(line);
    std::string missing = typed < common.size() ? common.substr(typed) : std::string();
    if (candidates.size() == 1) missing += ' ';
    if (!missing.empty()) return el_insertstr(editor, missing.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
    std::fputc('\n', stdout);
    for (const std::string& candidate : candidates) std::fprintf(stdout, "%s  ", candidate.c_str());
    std::fputc('\n', stdout);
    std::fflush(stdout);
    return CC_REDISPLAY;
  }

  EditLine* editor = nullptr;
  History* history = nullptr;
  HistEvent event = {};
  std::string history_path;
  Completer completer;
};

LineEditor::LineEditor(const std::string& history_path, Completer completer) : state_(std::make_unique<State>()) {
  use_locale_of_environment();
  State& state = *state_;
  state.history_path = history_path;
  state.completer = std::move(completer);
  state.history = history_init();
  state.editor = el_init("strata", stdin, stdout, stderr);
  if (state.history == nullptr || state.editor == nullptr) {
    throw Error(ErrorCode::io, "cannot edit lines on this terminal: pipe the commands in instead");
  }
  ::history(state.history, &state.event, H_SETSIZE, history_lines_max);
  ::history(state.history, &state.event, H_SETUNIQUE, 1);
  el_set(state.editor, EL_CLIENTDATA, state_.get());
  el_set(state.editor, EL_PROMPT, prompt);
  el_set(state.editor, EL_EDITOR, "emacs");
  el_set(state.editor, EL_HIST, ::history, state.history);
  el_wset(state.editor, EL_ADDFN, L"strata-complete", L"Complete the word", State::on_tab);  // el_set leaks a copy
  el_set(state.editor, EL_BIND, "^I", "strata-complete", nullptr);
  el_source(state.editor, nullptr);
  if (!history_path.empty()) ::history(state.history, &state.event, H_LOAD, history_path.c_str());
}

LineEditor::~LineEditor() {
  if (state_->history_path.empty()) return;
  std::error_code ignored;  // a history that cannot be kept is no reason to fail
  const fs::path path(state_->history_path);
  fs::create_directories(path.parent_path(), ignored);
  ::history(state_->history, &state_->event, H_SAVE, path.c_str());
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, ignored);
}

std::optional<std::string> LineEditor::read() {
  const InterruptGuard interrupt;
  int count = 0;
  const char* typed = el_gets(state_->editor, &count);
  if (interrupt.requested()) {
    std::fputc('\n', stdout);
    std::fflush(stdout);
    el_reset(state_->editor);
    return std::string();
  }
  if (typed == nullptr || count <= 0) return std::nullopt;
  std::string line(typed, static_cast<std::size_t>(count));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  if (line.find_first_not_of(" \t") != std::string::npos) {
    ::history(state_->history, &state_->event, H_ENTER, line.c_str());
  }
  return line;
}

std::string default_history_path() {
  const char* state_home = std::getenv("XDG_STATE_HOME");
  if (state_home != nullptr && *state_home != '\0') return (fs::path(state_home) / "strata" / "history").string();
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return {};
  return (fs::path(home) / ".local" / "state" / "strata" / "history").string();
}

}  // namespace strata::cli
