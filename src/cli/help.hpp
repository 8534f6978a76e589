// How commands explain themselves.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace strata::cli {

/// Help with usage lines written by hand, folded to the width of a page.
class HelpFormatter : public CLI::Formatter {
 public:
  /// `usages` must outlive the formatter.
  HelpFormatter(const std::map<const CLI::App*, std::string>& usages, std::size_t width);

  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
  std::string make_description(const CLI::App* app) const override;
  std::string make_usage(const CLI::App* app, std::string name) const override;
  std::string make_subcommand(const CLI::App* command) const override;
  std::string make_option(const CLI::Option* option, bool positional) const override;

 private:
  std::string entry(const std::string& name, std::string_view description) const;

  const std::map<const CLI::App*, std::string>& usages_;
  std::size_t width_;
};

/// The first sentence: what a list of commands has room for.
std::string summary_of(const std::string& description);

/// Accepts these words alone, and says so in its own help.
CLI::Validator one_of(std::vector<std::string> words);

/// The text in lines of at most `width` columns, those after the first indented.
std::string fold(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace strata::cli
