#include "ingest/jsonl_reader.hpp"

#include <algorithm>
#include <array>

namespace strata::ingest {
namespace {

/// A line as export writes it, so that a user's own object that happens to have a `key` and a `value` among other
/// fields is not taken apart.
bool is_exported_line(ValueView line) {
  static constexpr std::array<std::string_view, 6> names{"key", "value", "version", "created", "updated", "expires"};
  if (line["key"].type() != ValueType::string || line["value"].is_missing()) return false;
  return std::all_of(line.begin(), line.end(), [](const ValueView::Member& member) {
    return std::find(names.begin(), names.end(), member.name) != names.end();
  });
}

/// The parser counts lines too, but it was given one.
std::string without_line(std::string reason) {
  static constexpr std::string_view counted = " at line 1, column ";
  const std::size_t at = reason.find(counted);
  if (at != std::string::npos) reason.replace(at, counted.size(), " at column ");
  return reason;
}

bool is_dump_header(ValueView line) { return !line["strata"].is_missing() && !line["digest_key"].is_missing(); }

}  // namespace

std::optional<Item> JsonlReader::next() {
  std::string_view line;
  while (source_.next(line)) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::uint64_t number = source_.point().line;
    Value value;
    try {
      value = Value::from_json(line);
    } catch (const Error& error) {
      const bool array = line[line.find_first_not_of(" \t")] == '[';
      throw BadLine(source_.name(), number,
                    array ? "JSON Lines have one object on each line; take an array apart first, as with jq -c '.[]'"
                          : without_line(error.what()));
    }
    if (value.type() != ValueType::object) {
      throw BadLine(source_.name(), number,
                    "the line holds " + std::string(to_string(value.type())) + ", a record must be an object" +
                        (value.type() == ValueType::array ? "; take an array apart first, as with jq -c '.[]'" : ""));
    }
    if (number == 1 && is_dump_header(value)) {
      throw BadLine(source_.name(), number, "this is the dump of a whole store: read it with `strata load`");
    }
    if (own_keys_ && is_exported_line(value)) {
      return Item{Value(value["value"]), std::string(value["key"].as_string()), number};
    }
    return Item{std::move(value), std::nullopt, number};
  }
  return std::nullopt;
}

}  // namespace strata::ingest
