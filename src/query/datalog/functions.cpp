// The functions of the language. An argument of another kind than a function takes gives no value, never an error.
#include <algorithm>
#include <array>
#include <cmath>

#include "filter/evaluation.hpp"
#include "filter/text_pattern.hpp"
#include "query/datalog/formula.hpp"

namespace strata::datalog {
namespace {

using Call = const FunctionCall&;

// ---- numbers

/// Whole numbers small enough that no sum or product of the kind leaves 64 bits.
constexpr std::int64_t sum_operand_max = std::int64_t{1} << 61;

template <class Whole, class Real>
ValueId arithmetic(Call call, std::int64_t operand_max, const Whole& whole, const Real& real) {
  const ValueId left = call.arguments[0];
  const ValueId right = call.arguments[1];
  if (!call.pool.is_number(left) || !call.pool.is_number(right)) return no_value;
  const auto a = call.pool.integer(left);
  const auto b = call.pool.integer(right);
  const auto is_small = [&](std::int64_t number) { return number > -operand_max && number < operand_max; };
  if (a && b && is_small(*a) && is_small(*b)) return call.pool.put_integer(whole(*a, *b));
  return call.pool.put_number(real(call.pool.number(left), call.pool.number(right)));
}

ValueId add(Call call) {
  return arithmetic(
      call, sum_operand_max, [](auto a, auto b) { return a + b; }, [](auto a, auto b) { return a + b; });
}
ValueId subtract(Call call) {
  return arithmetic(
      call, sum_operand_max, [](auto a, auto b) { return a - b; }, [](auto a, auto b) { return a - b; });
}
ValueId multiply(Call call) {
  constexpr std::int64_t operand_max = std::int64_t{1} << 31;
  return arithmetic(
      call, operand_max, [](auto a, auto b) { return a * b; }, [](auto a, auto b) { return a * b; });
}
ValueId divide(Call call) {
  const ValueId left = call.arguments[0];
  const ValueId right = call.arguments[1];
  if (!call.pool.is_number(left) || !call.pool.is_number(right)) return no_value;
  const auto a = call.pool.integer(left);
  const auto b = call.pool.integer(right);
  if (a && b && *b > 0 && *a % *b == 0) return call.pool.put_integer(*a / *b);
  return call.pool.put_number(call.pool.number(left) / call.pool.number(right));
}
/// What is left of a division rounded down: it has the sign of the divisor.
ValueId modulo(Call call) {
  const ValueId left = call.arguments[0];
  const ValueId right = call.arguments[1];
  if (!call.pool.is_number(left) || !call.pool.is_number(right)) return no_value;
  const auto a = call.pool.integer(left);
  const auto b = call.pool.integer(right);
  if (a && b) {
    if (*b == 0) return no_value;
    if (*b == -1) return call.pool.put_integer(0);
    const std::int64_t rest = *a % *b;
    return call.pool.put_integer(rest != 0 && (rest < 0) != (*b < 0) ? rest + *b : rest);
  }
  const double divisor = call.pool.number(right);
  const double rest = std::fmod(call.pool.number(left), divisor);
  return call.pool.put_number(rest != 0 && (rest < 0) != (divisor < 0) ? rest + divisor : rest);
}

template <double (*Function)(double)>
ValueId of_number(Call call) {
  if (!call.pool.is_number(call.arguments[0])) return no_value;
  return call.pool.put_number(Function(call.pool.number(call.arguments[0])));
}
/// Whole numbers, however large, stay as they are.
template <double (*Function)(double)>
ValueId rounded(Call call) {
  return call.pool.type(call.arguments[0]) == ValueType::integer ? call.arguments[0] : of_number<Function>(call);
}
double floor_of(double x) { return std::floor(x); }
double ceil_of(double x) { return std::ceil(x); }
double round_of(double x) { return std::round(x); }
double sqrt_of(double x) { return std::sqrt(x); }
double abs_of(double x) { return std::fabs(x); }
ValueId power(Call call) {
  if (!call.pool.is_number(call.arguments[0]) || !call.pool.is_number(call.arguments[1])) return no_value;
  return call.pool.put_number(std::pow(call.pool.number(call.arguments[0]), call.pool.number(call.arguments[1])));
}
ValueId least(Call call) {
  return *std::min_element(call.arguments.begin(), call.arguments.end(),
                           [&](ValueId a, ValueId b) { return call.pool.compare(a, b) < 0; });
}
ValueId greatest(Call call) {
  return *std::max_element(call.arguments.begin(), call.arguments.end(),
                           [&](ValueId a, ValueId b) { return call.pool.compare(a, b) < 0; });
}

// ---- text

bool all_text(Call call) {
  return std::all_of(call.arguments.begin(), call.arguments.end(), [&](ValueId id) { return call.pool.is_text(id); });
}
/// Offset of a character; the end when there are fewer.
std::size_t offset_of(std::string_view text, std::int64_t character) {
  std::size_t offset = 0;
  while (offset < text.size() && character > 0) {
    do ++offset;
    while (offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xc0) == 0x80);
    --character;
  }
  return offset;
}
/// Before a large value is made.
void check_room(Call call, std::uint64_t bytes) {
  call.pool.limits().charge(bytes);
  call.pool.limits().release(bytes);
}
bool is_composite(Call call, std::size_t argument) {
  const ValueType type = call.pool.type(call.arguments[argument]);
  return type == ValueType::array || type == ValueType::object;
}
std::optional<std::vector<ValueId>> elements_of(Call call, std::size_t argument) {
  if (call.pool.type(call.arguments[argument]) != ValueType::array) return std::nullopt;
  std::vector<ValueId> elements;
  for (const auto& member : call.pool.composite(call.arguments[argument])) {
    elements.push_back(call.pool.put(member.value));
  }
  return elements;
}

ValueId lower(Call call) {
  if (!all_text(call)) return no_value;
  return call.pool.put_text(filter::lowered(call.pool.text(call.arguments[0])));
}
ValueId upper(Call call) {
  if (!all_text(call)) return no_value;
  std::string text(call.pool.text(call.arguments[0]));
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return call.pool.put_text(text);
}
ValueId trim(Call call) {
  if (!all_text(call)) return no_value;
  std::string_view text = call.pool.text(call.arguments[0]);
  constexpr std::string_view blanks = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  text = text.substr(0, text.find_last_not_of(blanks) + 1);
  return call.pool.put_text(std::string(text));
}
ValueId length(Call call) {
  if (is_composite(call, 0)) {
    return call.pool.put_integer(static_cast<std::int64_t>(call.pool.composite(call.arguments[0]).size()));
  }
  if (!all_text(call)) return no_value;
  const std::string_view text = call.pool.text(call.arguments[0]);
  return call.pool.put_integer(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}
ValueId starts_with(Call call) {
  if (!all_text(call)) return no_value;
  return ValuePool::boolean(call.pool.text(call.arguments[0]).starts_with(call.pool.text(call.arguments[1])));
}
ValueId ends_with(Call call) {
  if (!all_text(call)) return no_value;
  return ValuePool::boolean(call.pool.text(call.arguments[0]).ends_with(call.pool.text(call.arguments[1])));
}
/// A text has that part, an array that element.
ValueId contains(Call call) {
  if (const auto elements = elements_of(call, 0)) {
    return ValuePool::boolean(std::find(elements->begin(), elements->end(), call.arguments[1]) != elements->end());
  }
  if (!all_text(call)) return no_value;
  const std::string_view text = call.pool.text(call.arguments[0]);
  return ValuePool::boolean(text.find(call.pool.text(call.arguments[1])) != std::string_view::npos);
}
ValueId like(Call call) {
  if (!all_text(call)) return no_value;
  try {
    const filter::TextPattern pattern(call.pool.text(call.arguments[1]));
    return ValuePool::boolean(pattern.matches(call.pool.text(call.arguments[0])));
  } catch (const Error&) {
    return no_value;  // the text is no pattern
  }
}
std::string text_of(Call call, ValueId id) {
  return call.pool.is_text(id) ? std::string(call.pool.text(id)) : call.pool.value(id).to_json();
}
ValueId to_text(Call call) { return call.pool.put_text(text_of(call, call.arguments[0])); }
/// Arrays one after the other; else texts, what is none as JSON.
ValueId concat(Call call) {
  std::uint64_t bytes = 0;
  for (const ValueId argument : call.arguments) bytes += call.pool.bytes(argument);
  check_room(call, bytes);
  std::vector<ValueId> joined;
  bool arrays = true;
  for (std::size_t i = 0; i < call.arguments.size() && arrays; ++i) {
    const auto elements = elements_of(call, i);
    arrays = elements.has_value();
    if (arrays) joined.insert(joined.end(), elements->begin(), elements->end());
  }
  if (arrays) return call.pool.put_array(joined);
  std::string text;
  for (const ValueId argument : call.arguments) text += text_of(call, argument);
  return call.pool.put_text(text);
}
/// From a character, counted from 0, to the end or so many.
ValueId substring(Call call) {
  if (!call.pool.is_text(call.arguments[0])) return no_value;
  const auto from = call.pool.integer(call.arguments[1]);
  if (!from || *from < 0) return no_value;
  std::string_view text = call.pool.text(call.arguments[0]);
  text.remove_prefix(offset_of(text, *from));
  if (call.arguments.size() > 2) {
    const auto count = call.pool.integer(call.arguments[2]);
    if (!count || *count < 0) return no_value;
    text = text.substr(0, offset_of(text, *count));
  }
  return call.pool.put_text(std::string(text));
}
ValueId split(Call call) {
  if (!all_text(call) || call.pool.text(call.arguments[1]).empty()) return no_value;
  const std::string text(call.pool.text(call.arguments[0]));
  const std::string separator(call.pool.text(call.arguments[1]));
  std::vector<ValueId> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(separator, begin);
    parts.push_back(call.pool.put_text(std::string_view(text).substr(begin, end - begin)));
    if (end == std::string::npos) return call.pool.put_array(parts);
    begin = end + separator.size();
  }
}
ValueId replace(Call call) {
  if (!all_text(call) || call.pool.text(call.arguments[1]).empty()) return no_value;
  const std::string_view text = call.pool.text(call.arguments[0]);
  const std::string_view old = call.pool.text(call.arguments[1]);
  const std::string_view with = call.pool.text(call.arguments[2]);
  check_room(call, text.size() + text.size() / old.size() * with.size());
  std::string out;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(old, begin);
    out += text.substr(begin, end - begin);
    if (end == std::string_view::npos) return call.pool.put_text(out);
    out += with;
    begin = end + old.size();
  }
}
ValueId to_number(Call call) {
  if (call.pool.is_number(call.arguments[0])) return call.arguments[0];
  if (!all_text(call)) return no_value;
  try {
    const Value value = Value::from_json(call.pool.text(call.arguments[0]));
    const bool number = value.type() == ValueType::integer || value.type() == ValueType::number;
    return number ? call.pool.put(value) : no_value;
  } catch (const Error&) {
    return no_value;  // the text is no number
  }
}

// ---- arrays and objects

/// At a path, or at an index counted from 0.
ValueId get(Call call) {
  if (!is_composite(call, 0)) return no_value;
  const ValueView value = call.pool.composite(call.arguments[0]);
  if (const auto index = call.pool.integer(call.arguments[1])) {
    return *index < 0 ? no_value : call.pool.put(value[static_cast<std::size_t>(*index)]);
  }
  if (!call.pool.is_text(call.arguments[1])) return no_value;
  ValueView found;
  try {
    found = value.at(call.pool.text(call.arguments[1]));
  } catch (const Error&) {
    return no_value;  // the text is no path
  }
  return call.pool.put(found);
}
ValueId append(Call call) {
  auto elements = elements_of(call, 0);
  if (!elements) return no_value;
  elements->push_back(call.arguments[1]);
  return call.pool.put_array(*elements);
}
ValueId reverse(Call call) {
  auto elements = elements_of(call, 0);
  if (!elements) return no_value;
  std::reverse(elements->begin(), elements->end());
  return call.pool.put_array(*elements);
}
ValueId keys(Call call) {
  if (call.pool.type(call.arguments[0]) != ValueType::object) return no_value;
  std::vector<ValueId> names;
  for (const auto& member : call.pool.composite(call.arguments[0])) names.push_back(call.pool.put_text(member.name));
  return call.pool.put_array(names);
}
ValueId values(Call call) {
  if (call.pool.type(call.arguments[0]) != ValueType::object) return no_value;
  std::vector<ValueId> members;
  for (const auto& member : call.pool.composite(call.arguments[0])) members.push_back(call.pool.put(member.value));
  return call.pool.put_array(members);
}

// ---- kinds

ValueId type(Call call) {
  const ValueType type = call.pool.type(call.arguments[0]);
  return call.pool.put_text(type == ValueType::integer ? to_string(ValueType::number) : to_string(type));
}
template <ValueType Type>
ValueId is_type(Call call) {
  return ValuePool::boolean(call.pool.type(call.arguments[0]) == Type);
}
ValueId is_number(Call call) { return ValuePool::boolean(call.pool.is_number(call.arguments[0])); }
ValueId exists(Call call) { return ValuePool::boolean(call.arguments[0] != no_value); }
/// The first that has a value and is not null; null when none is.
ValueId coalesce(Call call) {
  for (const ValueId argument : call.arguments) {
    if (argument != no_value && argument != ValuePool::null) return argument;
  }
  return ValuePool::null;
}

// ---- times: texts in ISO 8601 with six digits of fraction, so that their order is that of time

std::optional<Time> time_of(Call call) {
  const ValueId argument = call.arguments[0];
  if (call.pool.is_text(argument)) return Time::parse(call.pool.text(argument));
  if (const auto micros = call.pool.integer(argument)) return Time{*micros};
  return std::nullopt;
}
ValueId now(Call call) { return call.pool.put_text(call.now.to_string()); }
ValueId ago(Call call) {
  if (!all_text(call)) return no_value;
  const auto span = parse_duration(call.pool.text(call.arguments[0]));
  return span ? call.pool.put_text((call.now - *span).to_string()) : no_value;
}
ValueId time(Call call) {
  const auto time = time_of(call);
  return time ? call.pool.put_text(time->to_string()) : no_value;
}
ValueId micros(Call call) {
  const auto time = time_of(call);
  return time ? call.pool.put_integer(time->micros) : no_value;
}

constexpr std::size_t any_number = 60;
constexpr std::array functions{
    Function{"+", 2, 2, add},
    Function{"-", 2, 2, subtract},
    Function{"*", 2, 2, multiply},
    Function{"/", 2, 2, divide},
    Function{"mod", 2, 2, modulo},
    Function{"abs", 1, 1, of_number<abs_of>},
    Function{"floor", 1, 1, rounded<floor_of>},
    Function{"ceil", 1, 1, rounded<ceil_of>},
    Function{"round", 1, 1, rounded<round_of>},
    Function{"sqrt", 1, 1, of_number<sqrt_of>},
    Function{"pow", 2, 2, power},
    Function{"least", 1, any_number, least},
    Function{"greatest", 1, any_number, greatest},
    Function{"lower", 1, 1, lower},
    Function{"upper", 1, 1, upper},
    Function{"trim", 1, 1, trim},
    Function{"length", 1, 1, length},
    Function{"starts_with", 2, 2, starts_with, true},
    Function{"ends_with", 2, 2, ends_with, true},
    Function{"contains", 2, 2, contains, true},
    Function{"like", 2, 2, like, true},
    Function{"text", 1, 1, to_text},
    Function{"concat", 1, any_number, concat},
    Function{"substring", 2, 3, substring},
    Function{"split", 2, 2, split},
    Function{"replace", 3, 3, replace},
    Function{"number", 1, 1, to_number},
    Function{"get", 2, 2, get},
    Function{"append", 2, 2, append},
    Function{"reverse", 1, 1, reverse},
    Function{"keys", 1, 1, keys},
    Function{"values", 1, 1, values},
    Function{"type", 1, 1, type},
    Function{"is_null", 1, 1, is_type<ValueType::null>, true},
    Function{"is_boolean", 1, 1, is_type<ValueType::boolean>, true},
    Function{"is_number", 1, 1, is_number, true},
    Function{"is_text", 1, 1, is_type<ValueType::string>, true},
    Function{"is_array", 1, 1, is_type<ValueType::array>, true},
    Function{"is_object", 1, 1, is_type<ValueType::object>, true},
    Function{"exists", 1, 1, exists, true, true},
    Function{"coalesce", 1, any_number, coalesce, false, true},
    Function{"now", 0, 0, now},
    Function{"ago", 1, 1, ago},
    Function{"time", 1, 1, time},
    Function{"micros", 1, 1, micros},
};

}  // namespace

const Function* find_function(std::string_view name) {
  const auto found =
      std::find_if(functions.begin(), functions.end(), [&](const Function& function) { return function.name == name; });
  return found == functions.end() ? nullptr : &*found;
}

std::vector<std::string> function_names() {
  std::vector<std::string> names;
  for (const Function& function : functions) names.emplace_back(function.name);
  return names;
}

}  // namespace strata::datalog
