#include "cli/arguments.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>

#include "cli/text.hpp"
#include "strata/options.hpp"

namespace strata::cli {
namespace {

// JSON text is longer than the record that it makes: escapes take six characters for one, indentation comes on top.
constexpr std::size_t json_bytes_max = 16 * record_bytes_max;

Time now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count()};
}

std::string read_all(std::istream& in, const std::string& name) {
  std::string text;
  std::string chunk(65536, '\0');
  while (in.read(chunk.data(), static_cast<std::streamsize>(chunk.size())), in.gcount() > 0) {
    text.append(chunk, 0, static_cast<std::size_t>(in.gcount()));
    if (text.size() > json_bytes_max) {
      throw Error(ErrorCode::limit_exceeded,
                  name + " is longer than any record: import a file of many records instead");
    }
  }
  return text;
}

Value read_json(const std::string& text, const std::string& name) {
  try {
    return Value::from_json(text);
  } catch (const Error& error) {
    throw UsageError(name + ": " + error.what());
  }
}

std::vector<float> parse_vector(const std::string& text, std::istream& in) {
  const Value parsed = parse_value(text, in);
  if (parsed.type() != ValueType::array) throw UsageError("--vector: an array of numbers is expected, as '[0.1, 0.2]'");
  std::vector<float> vector;
  for (const auto& [unused, element] : parsed.view()) {
    if (element.type() != ValueType::integer && element.type() != ValueType::number)
      throw UsageError("--vector: element " + std::to_string(vector.size()) + " is no number");
    vector.push_back(static_cast<float>(element.as_double()));
  }
  if (vector.empty()) throw UsageError("--vector: the array is empty");
  return vector;
}

}  // namespace

Time parse_time(std::string_view option, std::string_view text) {
  if (const auto time = Time::parse(text)) return *time;
  if (const auto ago = parse_duration(text)) return now() - *ago;
  throw UsageError(std::string(option) + ": " + single_line(text) +
                   " is no time: write 2024-05-01, 2024-05-01T10:00:00Z, or how long ago, as 7d");
}

AsOf parse_as_of(std::string_view option, std::string_view text) {
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos) {
    Position position;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), position.value);
    if (result.ec == std::errc()) return position;
  }
  return parse_time(option, text);
}

std::chrono::microseconds parse_span(std::string_view option, std::string_view text) {
  if (const auto span = parse_duration(text)) return *span;
  throw UsageError(std::string(option) + ": " + single_line(text) + " is no length of time: write 90s, 12h or 7d");
}

Parameters parse_parameters(const std::vector<std::string>& texts) {
  Parameters parameters;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw UsageError("--param: " + single_line(text) + " is not NAME=JSON: write --param 'kind=\"note\"'");
    }
    std::string name = text.substr(text[0] == ':' ? 1 : 0, equals - (text[0] == ':' ? 1 : 0));
    try {
      parameters.insert_or_assign(name, Value::from_json(text.substr(equals + 1)));
    } catch (const Error& error) {
      std::string message = "--param " + name + ": " + error.what();
      message += " (a string needs its quotes: --param '" + name + "=\"note\"')";
      throw UsageError(message);
    }
  }
  return parameters;
}

std::vector<Order> parse_order(const std::vector<std::string>& texts) {
  std::vector<Order> orders;
  for (const std::string& text : texts) {
    for (const std::string& part : split_list(text)) {
      Order order{part, false};
      if (part.ends_with(":desc") || part.ends_with(":asc")) {
        order.descending = part.ends_with(":desc");
        order.path = part.substr(0, part.rfind(':'));
      }
      if (order.path.empty()) throw UsageError("--order: no field before " + part + ": write --order score:desc");
      orders.push_back(order);
    }
  }
  return orders;
}

Value parse_value(const std::string& text, std::istream& standard_input) {
  if (text == "-") return read_json(read_all(standard_input, "standard input"), "standard input");
  if (text.starts_with('@')) {
    const std::string path = text.substr(1);
    std::ifstream file(path, std::ios::binary);
    if (!file) throw Error(ErrorCode::not_found, "cannot read " + path + ": is it there, and is it yours to read?");
    return read_json(read_all(file, path), path);
  }
  try {
    return Value::from_json(text);
  } catch (const Error& error) {
    throw UsageError("the value is not JSON: " + std::string(error.what()) +
                     R"( (a string needs its quotes: '"text"'; @FILE reads a file, - standard input))");
  }
}

Near parse_near(const std::string& text, std::istream& in) {
  const std::size_t equals = text.find('=');
  const bool named = equals != std::string::npos && text.find_first_of("[@-") > equals;
  Near near;
  if (named) near.field = text.substr(0, equals);
  near.vector = parse_vector(named ? text.substr(equals + 1) : text, in);
  return near;
}

}  // namespace strata::cli
