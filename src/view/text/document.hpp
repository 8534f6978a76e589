// The text of a record, as a text field takes it out of the record's value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "strata/search.hpp"
#include "strata/value.hpp"

namespace strata::view::text {

struct Document {
  std::vector<std::string> columns;  ///< One for each path.
  std::uint64_t hash = 0;            ///< Of all of it.
  bool empty = true;                 ///< There is no text in it.
};

/// Strings count, alone and in arrays, at any depth of arrays; other values are no text.
Document document_of(ValueView record, const TextOptions& options);

}  // namespace strata::view::text
