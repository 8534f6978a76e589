#include "cli/help.hpp"

#include <algorithm>

#include "cli/text.hpp"

namespace strata::cli {
namespace {

constexpr std::size_t name_width = 28;
constexpr std::size_t page_width_most = 100;
constexpr std::size_t page_width_least = 60;

}  // namespace

HelpFormatter::HelpFormatter(const std::map<const CLI::App*, std::string>& usages, std::size_t width)
    : usages_(usages), width_(width == 0 ? page_width_most : std::clamp(width, page_width_least, page_width_most)) {
  label("Positionals", "Arguments");
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const {
  std::string help = Formatter::make_help(app, std::move(name), mode);
  for (std::size_t at = help.find("\n\n\n"); at != std::string::npos; at = help.find("\n\n\n", at)) help.erase(at, 1);
  return help;
}

std::string HelpFormatter::make_description(const CLI::App* app) const {
  return fold(app->get_description(), width_, 0) + "\n";
}

std::string HelpFormatter::make_usage(const CLI::App* app, std::string) const {
  const auto usage = usages_.find(app);
  return "\nUsage: " + (usage == usages_.end() ? app->get_name() : usage->second) + "\n";
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
  return entry(command->get_name(), summary_of(command->get_description()));
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool positional) const {
  std::string name = positional ? option->get_name(true) : option->get_name(false, true);
  const std::string type = option->get_type_size() == 0 ? std::string() : option->get_type_name();
  if (!type.empty() && !positional) name += " " + type;
  return entry(name, option->get_description());
}

std::string HelpFormatter::entry(const std::string& name, std::string_view description) const {
  std::string line = "  " + name;
  if (display_width(line) + 2 > name_width) {
    line += "\n" + std::string(name_width, ' ');
  } else {
    line.append(name_width - display_width(line), ' ');
  }
  return line + fold(description, width_ - name_width, name_width) + "\n";
}

std::string summary_of(const std::string& description) { return description.substr(0, description.find(". ")); }

CLI::Validator one_of(std::vector<std::string> words) {
  CLI::Validator validator(
      [words = std::move(words)](std::string& word) {
        if (std::find(words.begin(), words.end(), word) != words.end()) return std::string();
        const auto near = nearest(word, words);
        return word + " is not one of " + join(words, ", ") + (near ? " (did you mean " + *near + "?)" : "");
      },
      "");
  return validator;
}

std::string fold(std::string_view text, std::size_t width, std::size_t indent) {
  std::string folded;
  std::size_t used = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    const std::size_t columns = display_width(word);
    if (used != 0 && used + 1 + columns > width) {
      folded += '\n' + std::string(indent, ' ');
      used = 0;
    }
    if (used != 0) {
      folded += ' ';
      ++used;
    }
    folded += word;
    used += columns;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return folded;
}

}  // namespace strata::cli
