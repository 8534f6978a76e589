// What a Collection stands on: the store, a transaction, or a snapshot.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "commit/aged.hpp"
#include "commit/source.hpp"
#include "commit/transaction.hpp"
#include "commit/trunk.hpp"
#include "strata/store.hpp"

namespace strata::detail {

class CollectionAccess {
 public:
  virtual ~CollectionAccess() = default;
  virtual void read(const std::function<void(commit::Source&)>& work) = 0;
  /// Within the transaction at hand, or in one of its own; the result of the latter's commit (position 0 in the
  /// former).
  virtual CommitResult write(const std::function<void(commit::Transaction&)>& work) = 0;
  /// For declarations: in the write section, in a transaction of its own. `invalid_argument` where there is one
  /// already.
  virtual CommitResult declare(const std::function<void(commit::Transaction&)>& work) = 0;
  /// For what commits by itself whatever happens around it: `invalid_argument` in a transaction, `unsupported` in a
  /// snapshot.
  virtual void check_alone(std::string_view what) const = 0;
  virtual const std::shared_ptr<commit::Trunk>& trunk() const = 0;
  /// Each read is of the newest state.
  virtual bool reads_newest() const { return false; }
};

/// Commits by itself, with the retries of Store::transact.
std::shared_ptr<CollectionAccess> make_access(const std::shared_ptr<commit::Trunk>& trunk);

}  // namespace strata::detail

namespace strata {

struct Store::State {
  std::shared_ptr<commit::Trunk> trunk;
  std::string url;
  std::string directory;
  std::shared_ptr<detail::CollectionAccess> access;
};

namespace store {
/// `closed` when the handle has been closed.
const std::shared_ptr<Store::State>& require(const std::shared_ptr<Store::State>& state);
}  // namespace store

/// Snapshot and Transaction are their own access.
struct Snapshot::State : detail::CollectionAccess {
  static std::shared_ptr<State> make(const std::shared_ptr<commit::Trunk>& trunk);
  ~State() override;
  void read(const std::function<void(commit::Source&)>& work) override;
  CommitResult write(const std::function<void(commit::Transaction&)>& work) override;
  CommitResult declare(const std::function<void(commit::Transaction&)>& work) override;
  void check_alone(std::string_view what) const override;
  const std::shared_ptr<commit::Trunk>& trunk() const override { return trunk_; }

  std::shared_ptr<commit::Trunk> trunk_;
  std::unique_ptr<commit::View> view;
  Time now;
  Position position;
  std::shared_ptr<commit::Aged> aged;
};

struct Transaction::State : detail::CollectionAccess {
  static std::shared_ptr<State> make(const std::shared_ptr<commit::Trunk>& trunk,
                                     std::unique_ptr<commit::Transaction> transaction, bool may_age);
  ~State() override;
  void read(const std::function<void(commit::Source&)>& work) override;
  CommitResult write(const std::function<void(commit::Transaction&)>& work) override;
  CommitResult declare(const std::function<void(commit::Transaction&)>& work) override;
  void check_alone(std::string_view what) const override;
  const std::shared_ptr<commit::Trunk>& trunk() const override { return trunk_; }
  /// No more calls: the handles that `fn` kept give `closed`.
  commit::Request end();

  std::shared_ptr<commit::Trunk> trunk_;
  std::unique_ptr<commit::Transaction> transaction;
  std::shared_ptr<commit::Aged> aged;  ///< Null inside the write section.
};

}  // namespace strata

namespace strata::store {

/// Runs `work` until it commits, as Store::transact says.
CommitResult run(const std::shared_ptr<commit::Trunk>& trunk, const std::function<void(commit::Transaction&)>& work,
                 const CommitOptions& options);
/// The same for one that takes the public transaction.
CommitResult run_public(const std::shared_ptr<commit::Trunk>& trunk,
                        const std::function<void(const std::shared_ptr<Transaction::State>&)>& work,
                        const CommitOptions& options);
/// Runs `work` now, once; the commit follows behind the caller's back.
std::future<CommitResult> run_async(const std::shared_ptr<commit::Trunk>& trunk,
                                    const std::function<void(const std::shared_ptr<Transaction::State>&)>& work,
                                    const CommitOptions& options);
/// Store::outcome.
std::optional<CommitResult> outcome(commit::Trunk& trunk, const Uuid& id);
/// Has a call done once, by whoever leads. `make` makes one for each attempt; all of them do the same. Returns the one
/// that was done.
std::shared_ptr<commit::Call> run_call(const std::shared_ptr<commit::Trunk>& trunk,
                                       const std::function<std::shared_ptr<commit::Call>()>& make,
                                       const CommitOptions& options);
/// In the write section from the start.
CommitResult run_alone(const std::shared_ptr<commit::Trunk>& trunk,
                       const std::function<void(commit::Transaction&)>& work, const CommitOptions& options);

}  // namespace strata::store
