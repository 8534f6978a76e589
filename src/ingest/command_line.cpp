#include "ingest/command_line.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "strata/error.hpp"

namespace strata::ingest {
namespace {

constexpr std::size_t columns_max = 100;
constexpr std::string_view bold = "1";
constexpr std::string_view faint = "2";
constexpr std::string_view green = "32";

/// The first characters of UTF-8 text; an ellipsis where it is cut within a word.
std::string cut(std::string_view text, std::size_t characters_max) {
  std::size_t characters = 0;
  std::size_t keep = 0;  // where the last character begins that may be kept
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0u) == 0x80u) continue;
    if (++characters == characters_max) keep = i;
    if (characters > characters_max) {
      std::string_view kept = text.substr(0, keep);
      if (kept.ends_with("─")) return std::string(kept) + "─";
      if (!kept.ends_with(' ')) return std::string(kept) + "…";
      kept.remove_suffix(kept.size() - 1 - std::min(kept.find_last_not_of(' '), kept.size() - 1));
      return std::string(kept);
    }
  }
  return std::string(text);
}

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string last_complaint(const std::string& path) {
  const std::vector<std::string> lines = lines_of(path);
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    if (line->find_first_not_of(" \t\r") != std::string::npos) return *line;
  }
  return "it ended without a word";
}

}  // namespace

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string CommandLine::painted(std::string_view text, std::string_view code) const {
  if (!options_.colour) return std::string(text);
  return "\033[" + std::string(code) + "m" + std::string(text) + "\033[0m";
}

void CommandLine::heading(std::string_view text) { out_ << '\n' << painted(text, bold) << '\n' << std::flush; }

void CommandLine::remark(std::string_view text) { out_ << "  " << painted(text, faint) << '\n' << std::flush; }

void CommandLine::show_command(std::string_view command) {
  while (!command.empty()) {
    const std::size_t end = std::min(command.find('\n'), command.size());
    const std::string_view line = command.substr(0, end);
    // A line that is indented goes on with the one before it.
    out_ << painted(line.starts_with(' ') ? "  " : "$ ", faint) << painted(line, green) << '\n';
    command.remove_prefix(std::min(end + 1, command.size()));
  }
  out_ << std::flush;
}

void CommandLine::show_answer(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    const std::string shown = line.empty() ? "" : "  " + cut(line, columns_max - 2);
    out_ << shown << '\n';
  }
  out_ << std::flush;
}

Answer CommandLine::run(const std::string& script) {
  const std::string script_path = options_.scratch + "/command.sh";
  const std::string answer_path = options_.scratch + "/answer";
  const std::string complaint_path = options_.scratch + "/complaint";
  {
    std::ofstream file(script_path, std::ios::trunc);
    // Where these words answer with a table on a terminal, the tour gets one too.
    file << "set -e\ncd " << shell_quoted(options_.scratch) << "\nSTRATA=" << shell_quoted(options_.binary)
         << "\nexport STRATA_STORE=" << shell_quoted(options_.store)
         << "\nstrata() {\n  case \"$1 ${2-}\" in\n    'find '*|'impact '*|'index '*|'info '*|'ingest '*|'path '*|"
            "'query '*|'search '*|'stats '*|'text '*|'vector '*|'verify '*|'doc stats')\n"
            "      \"$STRATA\" \"$@\" --format table ;;\n"
            "    *) \"$STRATA\" \"$@\" ;;\n  esac\n}\n"
         << script << '\n';
    file.close();
    if (!file) throw Error(ErrorCode::io, "cannot write " + script_path + ": is the disk full?");
  }
  const auto started = std::chrono::steady_clock::now();
  const std::string line = "sh " + shell_quoted(script_path) + " > " + shell_quoted(answer_path) + " 2> " +
                           shell_quoted(complaint_path) + " < /dev/null";
  const int status = std::system(line.c_str());
  const auto elapsed = std::chrono::steady_clock::now() - started;
  if (status != 0)
    throw Error(ErrorCode::io, "the tour stopped at `" + script + "`: " + last_complaint(complaint_path));
  return {lines_of(answer_path), elapsed};
}

Answer CommandLine::type(const std::string& command) {
  show_command(command);
  Answer answer = run(command);
  show_answer(answer.lines);
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.2f s", answer.elapsed.count());
  remark(seconds);
  return answer;
}

}  // namespace strata::ingest
