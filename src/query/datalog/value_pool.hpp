// The values of a run, each once, under dense numbers: rows are numbers, and equal values are equal numbers.
//
// Numbers that compare equal are one value: 1 and 1.0 are, and read back as 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "query/datalog/limits.hpp"
#include "strata/value.hpp"

namespace strata::datalog {

using ValueId = std::uint32_t;
/// What an expression gives that has no value.
inline constexpr ValueId no_value = ~ValueId{0};

class ValuePool {
 public:
  explicit ValuePool(Limits& limits);

  static constexpr ValueId null = 0;
  static ValueId boolean(bool content) { return content ? 2 : 1; }
  /// Missing: no_value.
  ValueId put(ValueView value);
  ValueId put_text(std::string_view text);
  ValueId put_integer(std::int64_t number);
  /// NaN and infinity: no_value.
  ValueId put_number(double number);
  /// Of values that are there. `limit_exceeded` when nested deeper than a value may be.
  ValueId put_array(std::span<const ValueId> elements);
  ValueId put_object(const std::vector<std::string>& names, std::span<const ValueId> members);

  ValueType type(ValueId id) const;
  bool is_text(ValueId id) const { return entries_[id].kind == Kind::text; }
  bool is_number(ValueId id) const;
  /// Requires: is_text().
  std::string_view text(ValueId id) const { return {entries_[id].bytes, entries_[id].size}; }
  /// Nothing when it is no whole number of 64 bits with sign.
  std::optional<std::int64_t> integer(ValueId id) const;
  /// Requires: is_number().
  double number(ValueId id) const;
  /// Of an array or object; lives as long as the pool.
  ValueView composite(ValueId id) const;
  Value value(ValueId id) const;
  /// About what a copy of it takes.
  std::size_t bytes(ValueId id) const { return 48 + entries_[id].size; }
  std::strong_ordering compare(ValueId a, ValueId b) const;
  std::size_t size() const { return entries_.size(); }
  Limits& limits() { return limits_; }

 private:
  enum class Kind : std::uint8_t { null, no, yes, integer, large, number, text, composite };
  struct Entry {
    Kind kind = Kind::null;
    std::uint8_t depth = 0;
    std::uint32_t hash = 0;
    std::uint32_t size = 0;          ///< Of a text, or of an encoded composite, which
    std::uint32_t ordered_size = 0;  ///< its ordered form stands before.
    union {
      const char* bytes;
      std::int64_t integer;
      std::uint64_t large;
      double number;
    };
    Entry() : integer(0) {}
  };

  ValueId put_scalar(Kind kind, std::uint64_t bits);
  ValueId put_bytes(Kind kind, std::string_view key, std::string_view rest, std::uint8_t depth);
  ValueId add(Entry entry);
  void grow();
  char* store(std::size_t bytes);
  std::size_t depth(ValueId id) const { return entries_[id].depth; }
  std::size_t depth_above(std::span<const ValueId> parts);

  Limits& limits_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> slots_;  ///< Id + 1; 0: free. As many as a power of two.
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t block_left_ = 0;
  char* block_next_ = nullptr;
};

}  // namespace strata::datalog
