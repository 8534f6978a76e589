// Patterns over paths, as .gitignore files write them (https://git-scm.com/docs/gitignore).
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace strata::ingest {

/// One pattern. Matching takes time proportional to the product of both lengths at worst, whatever the pattern.
class PathPattern {
 public:
  /// A line of an ignore file. Nothing for blank lines and comments.
  static std::optional<PathPattern> parse(std::string_view line);

  bool negated() const { return negated_; }
  /// `path` is relative to the folder of the pattern, with `/` between its parts and none at its ends.
  bool matches(std::string_view path, bool is_directory) const;

 private:
  enum class Kind : std::uint8_t {
    literal,
    one,         ///< `?`: any character but `/`.
    set,         ///< `[...]`
    star,        ///< `*`: any number of characters but `/`.
    folders,     ///< `**/`: any number of whole folders, none included.
    everything,  ///< `/**` at the end, after the slash: one character or more, `/` included.
  };
  struct Token {
    Kind kind = Kind::literal;
    char character = 0;
    std::size_t set = 0;  ///< Index into sets_.
  };

  void tokenize(std::string_view glob);
  std::size_t add_set(std::string_view glob, std::size_t at);
  bool matches_tokens(std::string_view text) const;
  void add_state(std::vector<std::uint32_t>& states, std::vector<std::uint32_t>& marks, std::uint32_t mark,
                 std::size_t state) const;
  bool token_takes(const Token& token, char c) const;

  bool negated_ = false;
  bool directory_only_ = false;
  bool anchored_ = false;
  std::vector<Token> tokens_;
  std::vector<std::bitset<256>> sets_;
  std::optional<std::string> literal_;  ///< Where nothing in the pattern is special.
};

}  // namespace strata::ingest
