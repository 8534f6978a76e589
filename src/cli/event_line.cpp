#include "cli/event_line.hpp"

#include <charconv>

#include "strata/error.hpp"

namespace strata::cli {

NewEvent parse_event(const Value& line, const std::string& place, std::string_view data_name) {
  const auto text_at = [&](std::string_view name) -> std::string {
    const ValueView text = line[name];
    if (text.is_missing() || text.type() == ValueType::string) return std::string(text.string_or({}));
    throw Error(ErrorCode::invalid_argument, place + ": \"" + std::string(name) + "\" is no string");
  };
  NewEvent event;
  event.type = text_at("type");
  if (event.type.empty()) throw Error(ErrorCode::invalid_argument, place + ": no \"type\" (a string)");
  event.data = Value(line[data_name]);
  event.metadata = Value(line["metadata"]);
  event.id = text_at("id");
  event.correlation = text_at("correlation");
  event.causation = text_at("causation");
  return event;
}

std::optional<Expected> parse_expected(std::string_view text) {
  if (text == "none") return Expected::none();
  if (text == "exists") return Expected::exists();
  std::uint64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return Expected::exactly(version);
}

Row event_row(const Event& event, Format format) {
  Row row = {{"stream", Value(event.stream)},
             {"version", Value(event.version)},
             {"number", Value(event.number)},
             {"position", Value(event.position.value)},
             {"time", Value(event.time.to_string())},
             {"type", Value(event.type)},
             {"data", event.data}};
  if (event.metadata.type() != ValueType::null || format == Format::csv) row.emplace_back("metadata", event.metadata);
  const auto add = [&](const char* name, const std::string& text) {
    if (!text.empty() || format == Format::csv) row.emplace_back(name, text.empty() ? Value() : Value(text));
  };
  add("id", event.id);
  add("correlation", event.correlation);
  add("causation", event.causation);
  return row;
}

}  // namespace strata::cli
