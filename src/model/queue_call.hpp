// Taking items, and finishing with others in the same commit, as a call: the process that leads does it for all.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "commit/call.hpp"
#include "commit/source.hpp"
#include "strata/queue.hpp"

namespace strata::model {

class TakeCall : public commit::Call {
 public:
  /// Requires: check_take_options(options). `by_wall`: as LeaseClock::read() says.
  TakeCall(std::string queue, std::span<const Lease> done, const TakeOptions& options, bool by_wall);

  void run(commit::Transaction& transaction, Earlier earlier) override;
  bool travels() const override;
  Bytes arguments() const override;
  Bytes answer() const override;
  void take_answer(bytes_view answer) override;

  /// Whether what was taken must be looked up: another process took it.
  bool taken_elsewhere() const { return elsewhere_; }
  /// Looks it up. Requires: the source is no older than the commit.
  std::vector<Lease> find_taken(commit::Source& source) const;
  std::vector<Lease> release_taken() { return std::move(taken_); }

  static std::shared_ptr<Call> decode(bytes_view arguments);

 private:
  TakeCall() = default;

  std::string queue_;
  std::vector<Lease> done_;  ///< Of the items the ids alone.
  TakeOptions options_;
  bool by_wall_ = false;
  std::string token_;
  std::vector<Lease> taken_;
  std::vector<std::string> ids_;  ///< Taken elsewhere.
  bool elsewhere_ = false;
};

}  // namespace strata::model
