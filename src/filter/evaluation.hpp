// Decides whether a record meets a condition.
#pragma once

#include <optional>
#include <string_view>

#include "filter/expression.hpp"
#include "strata/types.hpp"
#include "strata/value.hpp"

namespace strata::filter {

/// A record as a filter sees it. Looks into memory that someone else owns.
struct RecordView {
  std::string_view key;
  ValueView body;
  Version version;
  Time created;
  Time updated;
  std::optional<Time> expires = std::nullopt;
};

/// Always the same answer for the same record: true or false, never an error.
bool matches(const Condition& condition, const RecordView& record);

/// Text with its ASCII letters in lower case.
std::string lowered(std::string_view text);
/// Characters (code points) of a text, elements of an array, members of an object; nothing for other values.
std::optional<std::size_t> length_of(ValueView value);
/// The moment that a value stands for: text in ISO 8601, or an integer of microseconds.
std::optional<Time> time_of(ValueView value);

}  // namespace strata::filter
