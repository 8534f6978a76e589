// What a program's base relations are read from: one state of a store, or facts that a test makes up.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "filter/evaluation.hpp"
#include "filter/path.hpp"
#include "strata/types.hpp"
#include "strata/value.hpp"

namespace strata::datalog {

struct FactSet {
  enum class Kind {
    collection,  ///< `name`; plain: key. Body: the record's value.
    edges,       ///< Plain: from, type, to. Body: the edge's value.
    events,      ///< Plain: stream, version, type, time. Body: the event's data.
  };
  Kind kind = Kind::collection;
  std::string name{};
  bool bodies = true;  ///< Else the plain columns will do.
};

/// What a plain column holds.
using PlainValue = std::variant<std::string_view, std::uint64_t>;

/// Looks into memory that is valid during the visit alone.
struct Fact {
  std::span<const PlainValue> plain;
  ValueView body;
  const filter::RecordView* record = nullptr;  ///< Its own properties, where it is a record.
};

/// A column of facts: a plain one, or a path into their body.
struct FactColumn {
  std::size_t plain = 0;
  const filter::Path* path = nullptr;  ///< Null: the plain one.
};

struct GivenColumn {
  FactColumn column{};
  PlainValue plain{};  ///< Of a plain column; else
  Value value{};       ///< of what the path leads to.
};

class Facts {
 public:
  virtual ~Facts() = default;
  virtual bool has_collection(std::string_view name) = 0;
  /// About how many facts there are.
  virtual std::uint64_t rows(const FactSet& set) = 0;
  /// Whether a value given for the column leads to its facts without looking at all of them.
  virtual bool narrows(const FactSet& set, const FactColumn& column) = 0;
  /// Visits all facts that have the given values, and perhaps others. The visitor must not read facts.
  virtual void read(const FactSet& set, std::span<const GivenColumn> given,
                    const std::function<void(const Fact&)>& visit) = 0;
  /// What now() says.
  virtual Time now() = 0;
};

}  // namespace strata::datalog
