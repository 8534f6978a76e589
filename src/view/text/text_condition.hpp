// Whether a record has the words that somebody waits for, by the rules of the text index: the index's own tables, made
// of this record alone.
#pragma once

#include <memory>
#include <string>

#include "strata/search.hpp"
#include "strata/value.hpp"

namespace strata::view {

/// One thread at a time. It may be used on in a forked child. Without SQLite the constructor gives `unsupported`.
class TextCondition {
 public:
  /// Throws for words that cannot be asked for, as TextReading::search.
  TextCondition(const TextOptions& options, const std::string& words);
  TextCondition(TextCondition&&) noexcept;
  TextCondition& operator=(TextCondition&&) noexcept;
  ~TextCondition();

  bool matches(ValueView record);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata::view
