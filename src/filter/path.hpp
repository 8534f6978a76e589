// A path of the filter language: where a value stands in a record, taken apart once and walked many times.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strata/value.hpp"

namespace strata::filter {

enum class PathRoot { body, key, version, created, updated, expires };

struct PathStep {
  enum class Kind { member, element, every };
  Kind kind = Kind::member;
  std::string name;       ///< Of a member.
  std::size_t index = 0;  ///< Of an element.
  friend bool operator==(const PathStep&, const PathStep&) = default;
};

/// Steps that a path may have: as many as a value may be deep.
inline constexpr std::size_t path_steps_max = value_depth_max;

/// Either a field of the body (`a.b[0].c`, `a[*].b`, `"a b".c`, `$.created`, `$`) or one of the record's own
/// properties: `created`, `updated`, `_created`, `_updated`, `_expires`, `_key`, `_version`. A quoted name is always a
/// body field.
class Path {
 public:
  Path() = default;
  Path(PathRoot root, std::vector<PathStep> steps) : root_(root), steps_(std::move(steps)) {}

  /// `invalid_argument` naming the column when malformed.
  static Path parse(std::string_view text);
  /// As an index names its fields: `created` and `updated` are the record's times, everything else is a path of
  /// ValueView::at (there `$` is a name like any other).
  static Path parse_index_field(std::string_view text);

  PathRoot root() const { return root_; }
  const std::vector<PathStep>& steps() const { return steps_; }
  bool in_body() const { return root_ == PathRoot::body; }
  /// Ends in `[*]`: then the elements are named already, and a comparison looks no deeper.
  bool ends_in_every() const { return !steps_.empty() && steps_.back().kind == PathStep::Kind::every; }

  /// The form that parse() reads back. With `rooted`, a body path begins with `$`.
  std::string to_string(bool rooted = false) const;

  /// Calls `visit` with every value that the path reaches in `body`, until it returns true; returns whether it did.
  /// What is missing is not reached. Requires: in_body().
  template <class Visit>
  bool any(ValueView body, Visit&& visit) const {
    return any_from(body, 0, visit);
  }

  friend bool operator==(const Path&, const Path&) = default;

 private:
  template <class Visit>
  bool any_from(ValueView value, std::size_t step, Visit& visit) const {
    for (; step < steps_.size() && !value.is_missing(); ++step) {
      switch (steps_[step].kind) {
        case PathStep::Kind::member:
          value = value[std::string_view(steps_[step].name)];
          break;
        case PathStep::Kind::element:
          value = value[steps_[step].index];
          break;
        case PathStep::Kind::every:
          if (value.type() != ValueType::array) return false;
          for (const auto& member : value) {
            if (any_from(member.value, step + 1, visit)) return true;
          }
          return false;
      }
    }
    return !value.is_missing() && visit(value);
  }

  PathRoot root_ = PathRoot::body;
  std::vector<PathStep> steps_;
};

/// The property of that name, if it is one.
std::optional<PathRoot> property_named(std::string_view name);
/// Whether the language keeps the name for itself (`and`, `IN`, ...), so that a field of that name must be quoted.
bool is_reserved(std::string_view name);
/// Whether the character may stand in a name without quotes; bytes of non-ASCII characters may.
bool is_name_character(char c);
/// Whether it may also begin a path.
bool is_name_start(char c);

}  // namespace strata::filter
