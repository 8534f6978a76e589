// Work that reads and writes inside the write section, such as taking the first item that nobody has: what it reads
// cannot be changed by others before it is committed. Whoever leads the line does it, in whatever process.
#pragma once

#include <functional>
#include <memory>

#include "strata/types.hpp"

namespace strata::commit {

class Transaction;

class Call {
 public:
  virtual ~Call() = default;

  /// What is known of earlier attempts under the same id.
  enum class Earlier { none, unknown, committed };
  /// Does the work, and keeps what came of it. May be called again, on another transaction, when what it wrote could
  /// not be committed. When an earlier attempt `committed`, what it writes is dropped: it finds out what came of that
  /// one. So it does when that is `unknown`, and begins anew if there is nothing to be found.
  virtual void run(Transaction& transaction, Earlier earlier) = 0;

  /// Whether another process may do it: arguments() can be made, and neither they nor the answer will be long.
  virtual bool travels() const = 0;
  virtual Bytes arguments() const = 0;
  /// What the process that asked has to know.
  virtual Bytes answer() const = 0;
  /// For the one that asked: takes answer() of the process that did the work. `corruption` when it is none.
  virtual void take_answer(bytes_view answer) = 0;

  /// The answer is at most so long when it travels.
  static constexpr std::size_t answer_bytes_max = 15 * 1024;
};

/// Makes a call of its arguments(); `corruption` when they are none.
using CallDecoder = std::function<std::shared_ptr<Call>(bytes_view arguments)>;

}  // namespace strata::commit
