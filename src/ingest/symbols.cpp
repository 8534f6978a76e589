#include "ingest/symbols.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>

#include "ingest/subprocess.hpp"
#include "strata/error.hpp"

namespace strata::ingest {
namespace {

constexpr std::size_t name_bytes_max = 200;

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= name_bytes_max &&
         std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

/// What ctags says; nothing when there is none, it failed, or it says too much.
std::optional<std::string> output_of(const std::vector<std::string>& words, const std::string& input) {
  try {
    SubprocessResult result = run_subprocess(
        words, input, std::chrono::seconds(1), [] {}, Complaints::dropped);
    if (result.exit_code == 0) return std::move(result.output);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::limit_exceeded) throw;
  }
  return std::nullopt;
}

}  // namespace

bool has_symbols_program() {
  const auto features = output_of({"ctags", "--options=NONE", "--list-features"}, "");
  return features && features->find("json") != std::string::npos;
}

std::map<std::string, std::vector<Symbol>> find_symbols(const std::vector<std::string>& paths) {
  std::map<std::string, std::vector<Symbol>> symbols;
  std::string input;
  for (const std::string& path : paths) {
    if (path.find('\n') == std::string::npos) input += path + "\n";
  }
  if (input.empty()) return symbols;
  const auto output = output_of(
      {"ctags", "--options=NONE", "--output-format=json", "--fields=+n", "--sort=no", "-f", "-", "-L", "-"}, input);
  if (!output) return symbols;
  std::set<std::pair<std::string, std::string>> seen;
  std::string_view rest = *output;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    Value tag;
    try {
      tag = Value::from_json(line);
    } catch (const Error&) {
      continue;  // a name that is no UTF-8, or the end of an output that was too long
    }
    const std::string path(tag["path"].string_or(""));
    const std::string name(tag["name"].string_or(""));
    std::vector<Symbol>& of_file = symbols[path];
    if (!is_name(name) || of_file.size() >= symbols_max || !seen.emplace(path, name).second) continue;
    of_file.push_back({name, std::string(tag["kind"].string_or("")),
                       static_cast<std::size_t>(std::max<std::int64_t>(1, tag["line"].int_or(1)))});
  }
  return symbols;
}

}  // namespace strata::ingest
