// LISTEN and NOTIFY, as a rival in waking other processes.
#pragma once

#include <memory>
#include <string>

namespace strata::bench {

class PostgresNotice {
 public:
  virtual ~PostgresNotice() = default;
  virtual void listen() = 0;
  virtual void await() = 0;
  /// A row inserted, committed durably, and told of in the same transaction.
  virtual void insert_and_notify() = 0;
};

std::unique_ptr<PostgresNotice> connect_notice(const std::string& parameters);

}  // namespace strata::bench
