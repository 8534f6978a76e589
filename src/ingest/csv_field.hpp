// What a CSV field stands for, and how a value is written as one. The two are inverse: a string that would read as
// something else is written in quotes.
#pragma once

#include <string>
#include <string_view>

#include "strata/value.hpp"

namespace strata::ingest {

/// What an unquoted, non-empty field reads as: a number, a boolean or a string (CsvTypes says which).
Value infer_csv_value(std::string_view text);

/// Appends the field for a value: nothing for missing and null, JSON text in quotes for arrays and objects.
void append_csv_field(ValueView value, std::string& out);
/// Appends a string's field, in quotes where it needs them.
void append_csv_string(std::string_view text, std::string& out);

}  // namespace strata::ingest
