// Words of a command line turned into what they mean. What cannot be read is a UsageError that names the option.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "cli/session.hpp"
#include "strata/collection.hpp"
#include "strata/search.hpp"

namespace strata::cli {

/// A time in ISO 8601, or a length of time ago (`7d`).
Time parse_time(std::string_view option, std::string_view text);
/// Digits alone are a position, all else a time.
AsOf parse_as_of(std::string_view option, std::string_view text);
std::chrono::microseconds parse_span(std::string_view option, std::string_view text);
/// `name=JSON`, each.
Parameters parse_parameters(const std::vector<std::string>& texts);
/// `FIELD`, `FIELD:asc` or `FIELD:desc`, each.
std::vector<Order> parse_order(const std::vector<std::string>& texts);
/// JSON, `@FILE` that holds JSON, or `-` for JSON on standard input.
Value parse_value(const std::string& text, std::istream& standard_input);
/// A vector: `FIELD=JSON`, `FIELD=@FILE`, or without a field where there is but one.
Near parse_near(const std::string& text, std::istream& standard_input);

}  // namespace strata::cli
