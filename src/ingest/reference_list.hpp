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

/// A text: names parted by `,`; an array: its texts. Each may be several that stand for one another, parted by `|`, and
/// a name may be followed by a version in parentheses and what else Debian's control files have there (deb-control(5)).
/// A name that comes twice is told once. Anything else refers to nothing.
std::vector<Reference> references_in(ValueView field);

}  // namespace strata::ingest
