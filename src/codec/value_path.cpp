#include "codec/value_path.hpp"

#include <array>
#include <limits>

#include "strata/error.hpp"

namespace strata::codec {
namespace {

constexpr std::array<bool, 256> plain_characters = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0; c < plain.size(); ++c) {
    plain[c] = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
               c == '$' || c >= 0x80;
  }
  return plain;
}();

bool is_plain(char c) { return plain_characters[static_cast<unsigned char>(c)]; }

}  // namespace

bool PathReader::next(PathStep& step) {
  if (at_ == path_.size()) {
    if (path_.empty()) fail("it is empty");
    return false;
  }
  if (path_[at_] == '[') {
    read_index(step);
    return true;
  }
  if (at_ > 0) {
    if (path_[at_] != '.') fail("`.` or `[` is expected");
    ++at_;
  }
  step.is_index = false;
  if (at_ < path_.size() && path_[at_] == '"') {
    read_quoted(step);
    return true;
  }
  const std::size_t start = at_;
  while (at_ < path_.size() && is_plain(path_[at_])) ++at_;
  if (at_ == start) fail("a name is expected");
  step.name = path_.substr(start, at_ - start);
  return true;
}

void PathReader::read_index(PathStep& step) {
  constexpr std::size_t index_max = std::numeric_limits<std::size_t>::max();
  const std::size_t start = ++at_;
  std::size_t index = 0;
  for (; at_ < path_.size() && path_[at_] >= '0' && path_[at_] <= '9'; ++at_) {
    const auto digit = static_cast<std::size_t>(path_[at_] - '0');
    index = index > (index_max - digit) / 10 ? index_max : index * 10 + digit;
  }
  if (at_ == start) fail("an index is expected");
  if (at_ == path_.size() || path_[at_] != ']') fail("`]` is expected");
  ++at_;
  step = {{}, index, true};
}

void PathReader::read_quoted(PathStep& step) {
  const std::size_t start = ++at_;
  bool escaped = false;
  while (at_ < path_.size() && path_[at_] != '"') {
    if (path_[at_] == '\\') {
      escaped = true;
      ++at_;
      if (at_ == path_.size() || (path_[at_] != '"' && path_[at_] != '\\')) fail("`\\\"` or `\\\\` is expected");
    }
    ++at_;
  }
  if (at_ == path_.size()) fail("the closing quote is missing");
  step.name = path_.substr(start, at_ - start);
  ++at_;
  if (!escaped) return;
  unescaped_.clear();
  for (std::size_t i = 0; i < step.name.size(); ++i) {
    if (step.name[i] == '\\') ++i;
    unescaped_ += step.name[i];
  }
  step.name = unescaped_;
}

void PathReader::fail(const char* reason) const {
  throw Error(ErrorCode::invalid_argument, "the path `" + std::string(path_) + "` is malformed at character " +
                                               std::to_string(at_ + 1) + ": " + reason +
                                               "; write it as in a.b[0].c, other names in double quotes");
}

}  // namespace strata::codec
