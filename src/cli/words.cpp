#include "cli/words.hpp"

#include "cli/session.hpp"

namespace strata::cli {
namespace {

class WordSplitter {
 public:
  explicit WordSplitter(std::string_view line) : line_(line) {}

  std::vector<std::string> split() {
    std::vector<std::string> words;
    for (;;) {
      while (at_ < line_.size() && is_blank(line_[at_])) ++at_;
      if (at_ == line_.size()) return words;
      words.push_back(line_[at_] == '{' || line_[at_] == '[' ? json() : word());
    }
  }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

  std::string word() {
    std::string text;
    while (at_ < line_.size() && !is_blank(line_[at_])) {
      const char c = line_[at_++];
      if (c == '\'' || c == '"') {
        quoted(c, text);
      } else if (c == '\\' && at_ < line_.size()) {
        text += line_[at_++];
      } else {
        text += c;
      }
    }
    return text;
  }

  void quoted(char quote, std::string& text) {
    while (at_ < line_.size() && line_[at_] != quote) {
      const bool escape = quote == '"' && line_[at_] == '\\' && at_ + 1 < line_.size() &&
                          (line_[at_ + 1] == '"' || line_[at_ + 1] == '\\');
      if (escape) ++at_;
      text += line_[at_++];
    }
    if (at_ == line_.size()) throw UsageError(std::string("a quote (") + quote + ") is not closed");
    ++at_;
  }

  std::string json() {
    const std::size_t start = at_;
    std::size_t depth = 0;
    bool in_string = false;
    for (; at_ < line_.size(); ++at_) {
      const char c = line_[at_];
      if (in_string) {
        if (c == '\\') ++at_;
        if (c == '"') in_string = false;
      } else if (c == '"') {
        in_string = true;
      } else if (c == '{' || c == '[') {
        ++depth;
      } else if ((c == '}' || c == ']') && --depth == 0) {
        ++at_;
        return std::string(line_.substr(start, at_ - start));
      }
    }
    throw UsageError("a bracket of the JSON value is not closed");
  }

  std::string_view line_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<std::string> split_words(std::string_view line) { return WordSplitter(line).split(); }

}  // namespace strata::cli
