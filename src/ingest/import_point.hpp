// Where an unfinished import stands, kept in the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ingest/line_source.hpp"
#include "strata/collection.hpp"

namespace strata::ingest {

struct ImportPoint {
  std::uint64_t records = 0;  ///< Put so far.
  SourcePoint source;         ///< Behind the last of them.
  std::string options;        ///< What else decides how the text is read; another import starts over.

  Value to_value() const;
  /// Nothing for what is no such point.
  static std::optional<ImportPoint> from_value(ValueView value);
};

/// The key of the point of a file's import into a collection.
std::string import_point_key(std::string_view collection, const std::string& path);

}  // namespace strata::ingest
