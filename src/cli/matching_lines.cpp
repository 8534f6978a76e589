#include "cli/matching_lines.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include "cli/rows.hpp"
#include "cli/text.hpp"

namespace strata::cli {
namespace {

constexpr std::size_t line_bytes_max = 400;
constexpr std::size_t stem_bytes = 4;  // a word this long is also recognised by its beginning

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || (c & 0x80) != 0; }
char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

bool begins_with(std::string_view text, std::string_view word) {
  return text.size() >= word.size() &&
         std::equal(word.begin(), word.end(), text.begin(), [](char a, char b) { return a == lower(b); });
}

/// How much of the text at this place a word covers: all of the word that stands there, when it begins with it.
std::size_t match_at(std::string_view text, std::size_t at, const std::vector<std::string>& words, std::size_t& which) {
  for (which = 0; which < words.size(); ++which) {
    const std::string& word = words[which];
    if (!begins_with(text.substr(at), word)) continue;
    std::size_t end = at + word.size();
    if (word.size() < stem_bytes && end < text.size() && is_word(text[end])) continue;
    while (end < text.size() && is_word(text[end])) ++end;
    return end - at;
  }
  return 0;
}

/// Calls `visit(begin, length, word)` for each word of the line that is one of the question's.
template <typename Visit>
void for_each_match(std::string_view line, const std::vector<std::string>& words, const Visit& visit) {
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (!is_word(line[at]) || (at > 0 && is_word(line[at - 1]))) continue;
    std::size_t which = 0;
    if (const std::size_t length = match_at(line, at, words, which); length != 0) visit(at, length, which);
  }
}

std::string shown(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  std::size_t end = std::min(line.size(), line_bytes_max);
  while (end > 0 && end < line.size() && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
  std::string text(line.substr(0, end));
  std::replace(text.begin(), text.end(), '\t', ' ');
  text = single_line(text);
  return end < line.size() ? text + "…" : text;
}

}  // namespace

std::vector<std::string> query_words(std::string_view question) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < question.size();) {
    std::size_t end = at;
    std::string word;
    while (end < question.size() && is_word(question[end])) word += lower(question[end++]);
    if (!word.empty() && std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
    at = std::max(end, at + 1);
  }
  return words;
}

std::vector<MatchingLine> best_lines(std::string_view text, const std::vector<std::string>& words, std::size_t lines,
                                     std::size_t context) {
  std::vector<std::string_view> all;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    all.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  struct Scored {
    std::size_t index;
    std::size_t distinct;
    std::size_t letters;
  };
  std::vector<Scored> scored;
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::vector<bool> seen(words.size());
    Scored score{i, 0, 0};
    for_each_match(all[i], words, [&](std::size_t, std::size_t length, std::size_t which) {
      if (!seen[which]) {
        ++score.distinct;
        score.letters += length;
      }
      seen[which] = true;
    });
    if (score.distinct > 0) scored.push_back(score);
  }
  std::stable_sort(scored.begin(), scored.end(), [](const Scored& a, const Scored& b) {
    return a.distinct != b.distinct ? a.distinct > b.distinct : a.letters > b.letters;
  });
  if (scored.size() > lines) scored.resize(lines);
  std::map<std::size_t, bool> chosen;  // index: whether it matches
  for (const Scored& score : scored) chosen[score.index] = true;
  if (chosen.empty() && lines > 0) {
    const auto first = std::find_if(all.begin(), all.end(), [](std::string_view line) {
      return line.find_first_not_of(" \t\r") != std::string_view::npos;
    });
    if (first != all.end()) chosen[static_cast<std::size_t>(first - all.begin())] = false;
  }
  for (const Scored& score : scored) {
    const std::size_t from = score.index - std::min(score.index, context);
    for (std::size_t i = from; i < all.size() && i <= score.index + context; ++i) chosen.try_emplace(i, false);
  }
  std::vector<MatchingLine> result;
  for (const auto& [index, matches] : chosen) result.push_back({index + 1, shown(all[index]), matches});
  return result;
}

std::string highlighted(std::string_view line, const std::vector<std::string>& words, bool colour) {
  std::string out;
  std::size_t done = 0;
  for_each_match(line, words, [&](std::size_t begin, std::size_t length, std::size_t) {
    out += line.substr(done, begin - done);
    out += bold(line.substr(begin, length), colour);
    done = begin + length;
  });
  return out + std::string(line.substr(done));
}

}  // namespace strata::cli
