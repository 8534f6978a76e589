// deb822, the format of Debian's `Packages` files (deb822(5)): stanzas of `Field: value` lines with blank lines between
// them; a line that begins with a space continues the field before it; a line that begins with `#` is a comment.
//
// Fields keep their names. `Size` and `Installed-Size` become integers; `Depends`, `Pre-Depends`, `Recommends`,
// `Suggests`, `Enhances`, `Conflicts`, `Breaks`, `Provides`, `Replaces` and `Tag` become arrays of strings, split at
// commas; the others are strings, whose continuation lines follow line breaks (a lone `.` is an empty line).
#pragma once

#include <vector>

#include "ingest/reader.hpp"

namespace strata::ingest {

class Deb822Reader : public Reader {
 public:
  Deb822Reader(LineSource& source, bool own_keys) : source_(source), own_keys_(own_keys) {}
  std::optional<Item> next() override;
  Format format() const override { return Format::deb822; }

 private:
  struct Field {
    std::string name;
    std::string text;
    std::uint64_t line = 0;
  };
  /// The lines of the next stanza, taken apart into fields_; false at the end. BadLine after the whole stanza was read.
  bool next_stanza();
  /// The reason why the line is none of a stanza's; empty when it is.
  std::string take_line(std::string_view line);
  Value value_of(const Field& field) const;

  LineSource& source_;
  bool own_keys_;
  std::vector<Field> fields_;
  std::size_t fields_used_ = 0;  ///< Fields keep their memory from one stanza to the next.
};

}  // namespace strata::ingest
