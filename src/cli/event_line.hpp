// Events as lines: what `append STREAM -` and `apply` read, and the row that an event is printed as.
#pragma once

#include <string>
#include <string_view>

#include "cli/rows.hpp"
#include "strata/stream.hpp"

namespace strata::cli {

/// The members that say an event; the data's name differs between `append` and `apply`.
NewEvent parse_event(const Value& line, const std::string& place, std::string_view data_name);
/// A version, `none` or `exists`; `any` is said by leaving it out. Nothing when it is none of these.
std::optional<Expected> parse_expected(std::string_view text);

/// Members that were not given are left out, except in CSV, whose columns are those of the first row.
Row event_row(const Event& event, Format format);

}  // namespace strata::cli
