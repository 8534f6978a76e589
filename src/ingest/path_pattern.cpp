#include "ingest/path_pattern.hpp"

#include <algorithm>
#include <cctype>

namespace strata::ingest {
namespace {

/// Characters of a class such as `[:alpha:]`.
bool in_named_class(std::string_view name, unsigned char c) {
  struct Named {
    std::string_view name;
    int (*holds)(int);
  };
  static constexpr std::array<Named, 12> classes{{{"alnum", std::isalnum},
                                                  {"alpha", std::isalpha},
                                                  {"blank", std::isblank},
                                                  {"cntrl", std::iscntrl},
                                                  {"digit", std::isdigit},
                                                  {"graph", std::isgraph},
                                                  {"lower", std::islower},
                                                  {"print", std::isprint},
                                                  {"punct", std::ispunct},
                                                  {"space", std::isspace},
                                                  {"upper", std::isupper},
                                                  {"xdigit", std::isxdigit}}};
  for (const Named& named : classes) {
    if (named.name == name) return c < 128 && named.holds(c) != 0;
  }
  return false;
}

/// Spaces at the end do not count, unless a backslash stands before them.
std::string_view without_trailing_spaces(std::string_view line) {
  while (line.ends_with(' ')) {
    std::size_t backslashes = 0;
    while (backslashes + 1 < line.size() && line[line.size() - 2 - backslashes] == '\\') ++backslashes;
    if (backslashes % 2 == 1) break;
    line.remove_suffix(1);
  }
  return line;
}

}  // namespace

std::optional<PathPattern> PathPattern::parse(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  line = without_trailing_spaces(line);
  if (line.empty() || line.front() == '#') return std::nullopt;
  PathPattern pattern;
  if (line.front() == '!') {
    pattern.negated_ = true;
    line.remove_prefix(1);
  }
  if (line.ends_with('/')) {
    pattern.directory_only_ = true;
    while (line.ends_with('/')) line.remove_suffix(1);
  }
  if (line.empty()) return std::nullopt;
  pattern.anchored_ = line.find('/') != std::string_view::npos;
  if (line.front() == '/') line.remove_prefix(1);
  pattern.tokenize(line);
  const bool plain = std::all_of(pattern.tokens_.begin(), pattern.tokens_.end(),
                                 [](const Token& token) { return token.kind == Kind::literal; });
  if (plain) {
    std::string& literal = pattern.literal_.emplace();
    for (const Token& token : pattern.tokens_) literal += token.character;
  }
  return pattern;
}

void PathPattern::tokenize(std::string_view glob) {
  std::size_t at = 0;
  while (at < glob.size()) {
    const char c = glob[at];
    const bool part_begins = at == 0 || glob[at - 1] == '/';
    if (c == '*' && part_begins && glob.substr(at).starts_with("**/")) {
      tokens_.push_back({Kind::folders});
      at += 3;
      while (glob.substr(at).starts_with("**/")) at += 3;
    } else if (c == '*' && part_begins && at > 0 && glob.substr(at) == "**") {
      tokens_.push_back({Kind::everything});
      at += 2;
    } else if (c == '*') {
      while (at < glob.size() && glob[at] == '*') ++at;
      tokens_.push_back({Kind::star});
    } else if (c == '?') {
      tokens_.push_back({Kind::one});
      ++at;
    } else if (c == '[') {
      at = add_set(glob, at);
    } else {
      if (c == '\\' && at + 1 < glob.size()) ++at;
      tokens_.push_back({Kind::literal, glob[at]});
      ++at;
    }
  }
}

/// Reads the set that begins at `at`; where it ends. A bracket that nothing closes is matched as it stands.
std::size_t PathPattern::add_set(std::string_view glob, std::size_t at) {
  std::bitset<256> set;
  std::size_t here = at + 1;
  const bool inverted = here < glob.size() && (glob[here] == '!' || glob[here] == '^');
  if (inverted) ++here;
  bool first = true;
  for (; here < glob.size(); first = false) {
    if (glob[here] == ']' && !first) {
      if (inverted) set.flip();
      set.reset(static_cast<unsigned char>('/'));
      tokens_.push_back({Kind::set, 0, sets_.size()});
      sets_.push_back(set);
      return here + 1;
    }
    if (glob.substr(here).starts_with("[:")) {
      const std::size_t end = glob.find(":]", here + 2);
      if (end != std::string_view::npos) {
        for (unsigned c = 0; c < 256; ++c) {
          if (in_named_class(glob.substr(here + 2, end - here - 2), static_cast<unsigned char>(c))) set.set(c);
        }
        here = end + 2;
        continue;
      }
    }
    if (glob[here] == '\\' && here + 1 < glob.size()) ++here;
    const auto low = static_cast<unsigned char>(glob[here++]);
    auto high = low;
    if (here + 1 < glob.size() && glob[here] == '-' && glob[here + 1] != ']') {
      ++here;
      if (glob[here] == '\\' && here + 1 < glob.size()) ++here;
      high = static_cast<unsigned char>(glob[here++]);
    }
    for (unsigned c = low; c <= high; ++c) set.set(c);
  }
  tokens_.push_back({Kind::literal, '['});
  return at + 1;
}

bool PathPattern::matches(std::string_view path, bool is_directory) const {
  if (directory_only_ && !is_directory) return false;
  const std::string_view text = anchored_ ? path : path.substr(path.rfind('/') + 1);
  if (literal_) return text == *literal_;
  return matches_tokens(text);
}

bool PathPattern::token_takes(const Token& token, char c) const {
  switch (token.kind) {
    case Kind::literal:
      return token.character == c;
    case Kind::set:
      return sets_[token.set].test(static_cast<unsigned char>(c));
    case Kind::one:
    case Kind::star:
      return c != '/';
    case Kind::folders:
    case Kind::everything:
      return true;
  }
  return false;
}

// States are twice the index of a token, plus one while it has taken something: `folders` may be left only where a
// folder ends, `everything` only when it has taken a character.
void PathPattern::add_state(std::vector<std::uint32_t>& states, std::vector<std::uint32_t>& marks, std::uint32_t mark,
                            std::size_t state) const {
  while (marks[state] != mark) {
    marks[state] = mark;
    states.push_back(static_cast<std::uint32_t>(state));
    const std::size_t token = state / 2;
    if (token == tokens_.size() || state % 2 == 1) return;
    if (tokens_[token].kind != Kind::star && tokens_[token].kind != Kind::folders) return;
    state += 2;
  }
}

bool PathPattern::matches_tokens(std::string_view text) const {
  std::vector<std::uint32_t> states;
  std::vector<std::uint32_t> next;
  std::vector<std::uint32_t> marks(2 * tokens_.size() + 2, 0);
  std::uint32_t mark = 1;
  add_state(states, marks, mark, 0);
  for (const char c : text) {
    next.clear();
    ++mark;
    for (const std::size_t state : states) {
      const std::size_t index = state / 2;
      if (index == tokens_.size()) continue;
      const Token& token = tokens_[index];
      if (!token_takes(token, c)) continue;
      if (token.kind == Kind::star) {
        add_state(next, marks, mark, state);
      } else if (token.kind == Kind::folders) {
        add_state(next, marks, mark, c == '/' ? 2 * index : 2 * index + 1);
      } else if (token.kind == Kind::everything) {
        add_state(next, marks, mark, 2 * index + 1);
        add_state(next, marks, mark, 2 * index + 2);
      } else {
        add_state(next, marks, mark, state + 2);
      }
    }
    states.swap(next);
    if (states.empty()) return false;
  }
  return std::find(states.begin(), states.end(), 2 * tokens_.size()) != states.end();
}

}  // namespace strata::ingest
