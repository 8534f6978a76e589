#include "view/text/match_expression.hpp"

#include <algorithm>
#include <optional>

#include "strata/error.hpp"

namespace strata::view::text {
namespace {

struct Term {
  char sign = 0;  ///< `+`, `-` or 0.
  std::string_view text;
  bool prefix = false;
};

bool is_space(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }

std::string shown(std::string_view words) {
  return "`" + std::string(words.substr(0, 80)) + (words.size() > 80 ? "...`" : "`");
}

class TermReader {
 public:
  explicit TermReader(std::string_view words) : words_(words) {}

  std::optional<Term> next() {
    while (at_ < words_.size() && is_space(words_[at_])) ++at_;
    if (at_ == words_.size()) return std::nullopt;
    Term term;
    if (words_[at_] == '+' || words_[at_] == '-') term.sign = words_[at_++];
    if (at_ < words_.size() && words_[at_] == '"') {
      read_phrase(term);
    } else {
      read_word(term);
    }
    return term;
  }

 private:
  void read_phrase(Term& term) {
    const std::size_t end = words_.find('"', at_ + 1);
    if (end == std::string_view::npos) {
      throw Error(
          ErrorCode::invalid_argument,
          "the words " + shown(words_) + " have a quotation mark without its partner; close it, or leave it out");
    }
    term.text = words_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    if (at_ < words_.size() && words_[at_] == '*') {
      term.prefix = true;
      ++at_;
    }
  }

  void read_word(Term& term) {
    const std::size_t begin = at_;
    while (at_ < words_.size() && !is_space(words_[at_]) && words_[at_] != '"') ++at_;
    term.text = words_.substr(begin, at_ - begin);
    while (term.text.ends_with('*')) {
      term.prefix = true;
      term.text.remove_suffix(1);
    }
  }

  std::string_view words_;
  std::size_t at_ = 0;
};

std::string quoted(const Term& term) {
  std::string phrase = "\"";
  // FTS5 takes the expression as text that ends at a zero byte.
  std::replace_copy(term.text.begin(), term.text.end(), std::back_inserter(phrase), '\0', ' ');
  return phrase + (term.prefix ? "\"*" : "\"");
}

std::string joined(const std::vector<std::string>& phrases, std::string_view between) {
  std::string text;
  for (const std::string& phrase : phrases) {
    if (!text.empty()) text += between;
    text += phrase;
  }
  return text;
}

}  // namespace

MatchExpression parse_match(std::string_view words, const std::function<bool(std::string_view)>& has_tokens) {
  if (words.size() > match_bytes_max) {
    throw Error(ErrorCode::limit_exceeded, "the words to look for have " + std::to_string(words.size()) +
                                               " bytes, more than the 65536 that a search may have; shorten them");
  }
  std::vector<std::string> must, any, excluded;
  std::size_t count = 0;
  TermReader reader(words);
  while (const auto term = reader.next()) {
    if (!has_tokens(term->text)) continue;
    if (++count > match_words_max) {
      throw Error(ErrorCode::limit_exceeded,
                  "the words " + shown(words) + " are more than the 256 that a search may have; leave some out");
    }
    (term->sign == '+' ? must : term->sign == '-' ? excluded : any).push_back(quoted(*term));
  }
  if (must.empty() && any.empty()) {
    throw Error(ErrorCode::invalid_argument,
                excluded.empty() ? "the words " + shown(words) + " hold nothing to look for; give at least one word"
                                 : "the words " + shown(words) + " only exclude; give at least one word without `-`");
  }
  MatchExpression expression;
  expression.phrases = must;
  expression.phrases.insert(expression.phrases.end(), any.begin(), any.end());
  expression.wanted = joined(expression.phrases, " OR ");
  if (must.empty()) {
    expression.required = expression.wanted;
  } else {
    expression.required = joined(must, " AND ");
    // The last one matches wherever the first one does: the words in front of it are looked for, but need not be there.
    if (!any.empty()) expression.required += " AND (" + joined(any, " OR ") + " OR " + must.front() + ")";
  }
  // Apart, not behind a NOT: under one FTS5 forgets where a later row has the words of an OR, once a phrase has failed.
  expression.excluded = joined(excluded, " OR ");
  return expression;
}

}  // namespace strata::view::text
