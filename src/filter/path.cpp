#include "filter/path.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "codec/value_path.hpp"
#include "filter/lexer.hpp"

namespace strata::filter {
namespace {

constexpr std::array<std::pair<std::string_view, PathRoot>, 7> properties{{{"created", PathRoot::created},
                                                                           {"updated", PathRoot::updated},
                                                                           {"_created", PathRoot::created},
                                                                           {"_updated", PathRoot::updated},
                                                                           {"_expires", PathRoot::expires},
                                                                           {"_key", PathRoot::key},
                                                                           {"_version", PathRoot::version}}};

constexpr std::array<std::string_view, 12> reserved{"and",      "or",     "not", "in",   "between", "like",
                                                    "contains", "exists", "is",  "null", "true",    "false"};

bool is_plain_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), is_name_character);
}

/// Whether the name, unquoted and first, would be read as the body's member of that name.
bool may_begin_plain(std::string_view name) {
  return is_plain_name(name) && is_name_start(name.front()) && name != "$" && !property_named(name) &&
         !is_reserved(name);
}

void append_quoted(std::string& out, std::string_view name) {
  out += '"';
  for (const char c : name) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

}  // namespace

std::optional<PathRoot> property_named(std::string_view name) {
  for (const auto& [text, root] : properties) {
    if (text == name) return root;
  }
  return std::nullopt;
}

bool is_reserved(std::string_view name) {
  return std::any_of(reserved.begin(), reserved.end(), [&](std::string_view word) { return is_word(name, word); });
}

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 128;
}

bool is_name_character(char c) { return is_name_start(c) || (c >= '0' && c <= '9') || c == '-'; }

Path Path::parse(std::string_view text) {
  Lexer lexer(text, "path");
  Token token = lexer.next();
  if (token.kind != TokenKind::path) lexer.fail(token.begin, "expected a field such as a.b[0].c");
  if (const Token rest = lexer.next(); rest.kind != TokenKind::end) {
    lexer.fail(rest.begin, "expected the end of the path; other characters than letters, digits, _ - $ stand in \"\"");
  }
  return std::move(token.path);
}

Path Path::parse_index_field(std::string_view text) {
  if (text == "created") return Path(PathRoot::created, {});
  if (text == "updated") return Path(PathRoot::updated, {});
  std::vector<PathStep> steps;
  codec::PathReader reader(text);
  for (codec::PathStep step; reader.next(step);) {
    steps.push_back(step.is_index ? PathStep{PathStep::Kind::element, {}, step.index}
                                  : PathStep{PathStep::Kind::member, std::string(step.name), 0});
  }
  return Path(PathRoot::body, std::move(steps));
}

std::string Path::to_string(bool rooted) const {
  switch (root_) {
    case PathRoot::key:
      return "_key";
    case PathRoot::version:
      return "_version";
    case PathRoot::created:
      return "created";
    case PathRoot::updated:
      return "updated";
    case PathRoot::expires:
      return "_expires";
    case PathRoot::body:
      break;
  }
  const bool plain_start =
      !steps_.empty() && steps_.front().kind == PathStep::Kind::member && may_begin_plain(steps_.front().name);
  std::string out = rooted || !plain_start ? "$" : "";
  for (const PathStep& step : steps_) {
    switch (step.kind) {
      case PathStep::Kind::member:
        if (!out.empty()) out += '.';
        if (is_plain_name(step.name)) {
          out += step.name;
        } else {
          append_quoted(out, step.name);
        }
        break;
      case PathStep::Kind::element:
        out += '[' + std::to_string(step.index) + ']';
        break;
      case PathStep::Kind::every:
        out += "[*]";
        break;
    }
  }
  return out;
}

}  // namespace strata::filter
