#include "ingest/deb822_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace strata::ingest {
namespace {

constexpr std::array<std::string_view, 2> integer_fields{"Installed-Size", "Size"};
constexpr std::array<std::string_view, 10> list_fields{"Breaks",   "Conflicts",  "Depends",  "Enhances", "Pre-Depends",
                                                       "Provides", "Recommends", "Replaces", "Suggests", "Tag"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

/// Elements between commas; line breaks within one are folding, and become a space.
Value split_list(std::string_view text) {
  std::vector<Value> elements;
  std::string element;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    element = trim(text.substr(0, comma));
    std::replace(element.begin(), element.end(), '\n', ' ');
    if (!element.empty()) elements.emplace_back(element);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return Value::array(elements);
}

}  // namespace

std::optional<Item> Deb822Reader::next() {
  if (!next_stanza()) return std::nullopt;
  Item item;
  item.line = fields_[0].line;
  std::vector<std::pair<std::string, Value>> members;
  members.reserve(fields_used_);
  for (std::size_t i = 0; i < fields_used_; ++i) {
    const Field& field = fields_[i];
    const auto same_name = [&](const auto& member) { return member.first == field.name; };
    if (std::any_of(members.begin(), members.end(), same_name)) {
      throw BadLine(source_.name(), field.line, "the stanza has field " + field.name + " twice");
    }
    try {
      members.emplace_back(field.name, value_of(field));
    } catch (const Error& error) {
      throw BadLine(source_.name(), field.line, field.name + ": " + error.what());
    }
    if (own_keys_ && field.name == "Package") item.key = field.text;
  }
  try {
    item.value = Value::object(members);
  } catch (const Error& error) {
    throw BadLine(source_.name(), item.line, error.what());
  }
  return item;
}

bool Deb822Reader::next_stanza() {
  fields_used_ = 0;
  std::string_view line;
  std::string reason;
  std::uint64_t reason_line = 0;
  std::size_t stanza_bytes = 0;
  while (source_.next(line)) {
    if (line.starts_with('#')) continue;
    if (trim(line).empty()) {
      if (fields_used_ > 0 || !reason.empty()) break;
      continue;
    }
    stanza_bytes += line.size();
    if (stanza_bytes > line_bytes_max) {
      throw Error(ErrorCode::limit_exceeded, source_.name() + ":" + std::to_string(source_.point().line) +
                                                 ": the stanza is longer than 64 MiB; is this a deb822 file?");
    }
    if (!reason.empty()) continue;
    reason = take_line(line);
    reason_line = source_.point().line;
  }
  if (!reason.empty()) throw BadLine(source_.name(), reason_line, reason);
  return fields_used_ > 0;
}

std::string Deb822Reader::take_line(std::string_view line) {
  if (line.starts_with(' ') || line.starts_with('\t')) {
    if (fields_used_ == 0) return "a continuation line stands ahead of the stanza's first field";
    line = line.substr(1, line.find_last_not_of(" \t\r"));
    std::string& text = fields_[fields_used_ - 1].text;
    text += '\n';
    if (line != ".") text += line;
    return {};
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos)
    return "neither `Field: value` nor a continuation line (which begins with a space)";
  const std::string_view name = line.substr(0, colon);
  const bool printable = std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (name.empty() || name.starts_with('-') || !printable) return "a field's name is missing or holds a space";
  if (fields_used_ == fields_.size()) fields_.emplace_back();
  Field& field = fields_[fields_used_++];
  field.name = name;
  field.text = trim(line.substr(colon + 1));
  field.line = source_.point().line;
  return {};
}

Value Deb822Reader::value_of(const Field& field) const {
  if (contains(list_fields, field.name)) return split_list(field.text);
  if (contains(integer_fields, field.name)) {
    std::uint64_t number = 0;
    const char* end = field.text.data() + field.text.size();
    const auto [stop, error] = std::from_chars(field.text.data(), end, number);
    if (error != std::errc{} || stop != end) {
      throw Error(ErrorCode::invalid_argument, "`" + field.text + "` is no whole number");
    }
    return Value(number);
  }
  return Value(field.text);
}

}  // namespace strata::ingest
