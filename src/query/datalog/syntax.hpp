// A Datalog program as it was written: what the parser makes, before anything is known of the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "strata/error.hpp"
#include "strata/value.hpp"

namespace strata::datalog {

/// From 1, in characters.
struct Place {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

/// `program LINE:COLUMN: reason`.
[[noreturn]] void fail(Place place, const std::string& reason, ErrorCode code = ErrorCode::invalid_argument);

enum class Comparison { equal, not_equal, less, less_equal, greater, greater_equal };

struct Expression {
  enum class Kind {
    constant,
    variable,  ///< `name`; empty: anonymous.
    call,      ///< `name` of `parts`; also the operators, named `+ - * /`.
    array,
    object,  ///< `names` and `parts`.
    path,    ///< `name` within the only part.
    each,    ///< `*X`, in a record pattern alone.
  };
  Kind kind = Kind::constant;
  Place place{};
  Value value{};
  std::string name{};
  bool quoted = false;  ///< Of a call: its name stood in quotes, so it is a relation's.
  std::vector<Expression> parts{};
  std::vector<std::string> names{};

  bool is_anonymous() const { return kind == Kind::variable && name.empty(); }
};

struct Literal {
  enum class Kind {
    call,     ///< `left` is a call: a relation, or a function that says true or false.
    compare,  ///< left comparison right
    member,   ///< left in right
  };
  Kind kind = Kind::call;
  bool negated = false;
  Place place{};
  Comparison comparison = Comparison::equal;
  Expression left{};
  Expression right{};
};

struct Rule {
  Expression head{};  ///< A call; its parts may be aggregates.
  std::vector<Literal> body{};
  std::string text{};  ///< As written, on one line.
};

struct OrderTerm {
  std::string variable{};
  bool descending = false;
  Place place{};
};

struct Program {
  std::vector<Rule> rules{};  ///< Facts are rules without a body.
  std::vector<Literal> question{};
  Place question_place{};
  std::string question_text{};
  std::vector<OrderTerm> order{};
  std::optional<std::uint64_t> limit{};
  std::uint64_t offset = 0;  ///< Rows left out before.
};

// Bounds of a program. Beyond: `limit_exceeded`.
inline constexpr std::size_t program_bytes_max = std::size_t{1} << 20;
inline constexpr std::size_t rules_max = 100'000;
inline constexpr std::size_t literals_max = 200;  ///< Of one body.
inline constexpr std::size_t arguments_max = 60;  ///< Of one relation, members of its pattern included.
inline constexpr std::size_t expression_depth_max = 100;

}  // namespace strata::datalog
