// The names that a field of a record refers to others by.
#pragma once

#include <string>
#include <vector>

#include "strata/value.hpp"

namespace strata::ingest {

struct Reference {
  std::string name;
  Value details;  ///< `version` (`>= 2.34`), `alternative` (true where another name would do as well); else null.
};

/// An array of texts: each is a name. A text: names parted by `,`, those that stand for one another by `|`, each with a
/// version in parentheses, as Debian's control files have it (deb-control(5)). A name that comes twice is told once.
/// Anything else refers to nothing.
std::vector<Reference> references_in(ValueView field);

}  // namespace strata::ingest
