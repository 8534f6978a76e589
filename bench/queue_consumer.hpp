// A queue as its consumers use it, whoever keeps it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace strata::bench {

class QueueConsumer {
 public:
  virtual ~QueueConsumer() = default;
  /// Puts so many items.
  virtual void fill(std::size_t items) = 0;
  /// Takes up to so many, and finishes them; how many. On return they are gone for good.
  virtual std::size_t take_and_finish(std::size_t most) = 0;
};

/// A table, and `SELECT ... FOR UPDATE SKIP LOCKED` with DELETE in one transaction.
std::unique_ptr<QueueConsumer> open_postgres_queue(const std::string& parameters);

}  // namespace strata::bench
