#include "engine/engine_parameters.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "strata/error.hpp"

namespace strata::engine {
namespace {

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  constexpr std::string_view units = "KMGT";
  unsigned shift = 0;
  if (!text.empty() && units.find(text.back()) != std::string_view::npos) {
    shift = 10 * static_cast<unsigned>(units.find(text.back()) + 1);
    text.remove_suffix(1);
  }
  auto value = parse_number(text);
  if (!value || (*value << shift) >> shift != *value) return std::nullopt;
  return *value << shift;
}

std::string describe(NumberBounds bounds) {
  std::string text = " of at least " + std::to_string(bounds.least);
  if (bounds.most != UINT64_MAX) text += " and at most " + std::to_string(bounds.most);
  return text;
}

}  // namespace

std::uint64_t EngineParameters::bytes(std::string_view name, std::uint64_t fallback, NumberBounds bounds) {
  const std::string* text = find(name);
  if (text == nullptr) return fallback;
  auto value = parse_bytes(*text);
  if (!value || *value < bounds.least || *value > bounds.most) {
    refuse(name, *text, "a size such as 64M" + describe(bounds));
  }
  return *value;
}

std::uint64_t EngineParameters::number(std::string_view name, std::uint64_t fallback, NumberBounds bounds) {
  const std::string* text = find(name);
  if (text == nullptr) return fallback;
  auto value = parse_number(*text);
  if (!value || *value < bounds.least || *value > bounds.most) refuse(name, *text, "a number" + describe(bounds));
  return *value;
}

std::string EngineParameters::text(std::string_view name, std::string_view fallback) {
  const std::string* given = find(name);
  return given == nullptr ? std::string(fallback) : *given;
}

bool EngineParameters::flag(std::string_view name, bool fallback) {
  const std::string* text = find(name);
  if (text == nullptr) return fallback;
  if (*text == "on" || *text == "yes" || *text == "true" || *text == "1") return true;
  if (*text == "off" || *text == "no" || *text == "false" || *text == "0") return false;
  refuse(name, *text, "on or off");
}

void EngineParameters::refuse_unknown() const {
  for (const auto& [name, value] : given_) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    std::string list;
    for (const std::string& known : known_) list += (list.empty() ? "" : ", ") + known;
    throw Error(ErrorCode::invalid_argument,
                scheme_ + " knows no parameter '" + name + "'; it has " + (list.empty() ? "none" : list));
  }
}

const std::string* EngineParameters::find(std::string_view name) {
  known_.emplace_back(name);
  auto found = given_.find(known_.back());
  return found == given_.end() ? nullptr : &found->second;
}

void EngineParameters::refuse(std::string_view name, std::string_view value, const std::string& wanted) const {
  throw Error(ErrorCode::invalid_argument,
              scheme_ + " parameter " + std::string(name) + " is '" + std::string(value) + "', but wants " + wanted);
}

}  // namespace strata::engine
