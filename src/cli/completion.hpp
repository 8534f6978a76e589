// What may come next on a command line, read off the tree of commands.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace strata::cli {

/// The words that may stand at the place of `partial`, behind `words` (without the program's name). `collections` is
/// asked only where the name of one may stand.
std::vector<std::string> next_words(const CLI::App& root, const std::vector<std::string>& words,
                                    const std::string& partial,
                                    const std::function<std::vector<std::string>()>& collections);

/// The choices of an option such as --format; empty when it takes anything.
std::vector<std::string> choices_of(const CLI::Option& option);

/// Scripts that make a shell complete `strata`.
std::string bash_completion(const CLI::App& root);
std::string zsh_completion(const CLI::App& root);
std::string fish_completion(const CLI::App& root);

}  // namespace strata::cli
