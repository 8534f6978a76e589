#include "ingest/csv_field.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace strata::ingest {
namespace {

constexpr std::string_view digits = "0123456789";

/// The kind of JSON number that the whole text is (RFC 8259, section 6).
enum class NumberKind { none, integer, fraction };

NumberKind number_kind(std::string_view text) {
  const auto take_digits = [&text] {
    const std::size_t count = std::min(text.find_first_not_of(digits), text.size());
    text.remove_prefix(count);
    return count;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool leading_zero = text.starts_with('0');
  const std::size_t whole = take_digits();
  if (whole == 0 || (leading_zero && whole > 1)) return NumberKind::none;
  if (text.empty()) return NumberKind::integer;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (take_digits() == 0) return NumberKind::none;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (take_digits() == 0) return NumberKind::none;
  }
  return text.empty() ? NumberKind::fraction : NumberKind::none;
}

template <class Number>
std::optional<Value> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return Value(number);
}

std::optional<Value> infer_number(std::string_view text) {
  switch (number_kind(text)) {
    case NumberKind::none:
      return std::nullopt;
    case NumberKind::fraction:
      return parse_number<double>(text);
    case NumberKind::integer:
      break;
  }
  if (auto value = parse_number<std::int64_t>(text)) return value;
  return parse_number<std::uint64_t>(text);
}

bool reads_as_itself(std::string_view text) {
  if (text.empty() || text == "true" || text == "false" || infer_number(text)) return false;
  return text.find_first_of("\",;\t\r\n") == std::string_view::npos;
}

}  // namespace

Value infer_csv_value(std::string_view text) {
  if (text == "true") return Value(true);
  if (text == "false") return Value(false);
  if (auto number = infer_number(text)) return *std::move(number);
  return Value(text);
}

void append_csv_string(std::string_view text, std::string& out) {
  if (reads_as_itself(text)) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void append_csv_field(ValueView value, std::string& out) {
  switch (value.type()) {
    case ValueType::missing:
    case ValueType::null:
      return;
    case ValueType::string:
      append_csv_string(value.as_string(), out);
      return;
    case ValueType::array:
    case ValueType::object:
      append_csv_string(value.to_json(), out);
      return;
    case ValueType::boolean:
    case ValueType::integer:
    case ValueType::number:
      value.to_json(out);
      return;
  }
}

}  // namespace strata::ingest
