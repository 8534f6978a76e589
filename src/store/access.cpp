#include "store/access.hpp"

#include "model/own_collection.hpp"
#include "platform/clock.hpp"
#include "strata/error.hpp"

namespace strata::detail {
namespace {

class StoreAccess : public CollectionAccess {
 public:
  explicit StoreAccess(std::shared_ptr<commit::Trunk> trunk) : trunk_(std::move(trunk)) {}

  void read(const std::function<void(commit::Source&)>& work) override {
    const auto view = trunk_->view();
    commit::ViewSource source(*view, platform::clock().now());
    work(source);
  }
  CommitResult write(const std::function<void(commit::Transaction&)>& work) override {
    return store::run(trunk_, work, {});
  }
  CommitResult declare(const std::function<void(commit::Transaction&)>& work) override {
    return store::run_alone(trunk_, work, {});
  }
  void check_alone(std::string_view) const override { trunk_->check_open(); }
  const std::shared_ptr<commit::Trunk>& trunk() const override { return trunk_; }
  bool reads_newest() const override { return true; }

 private:
  std::shared_ptr<commit::Trunk> trunk_;
};

}  // namespace

std::shared_ptr<CollectionAccess> make_access(const std::shared_ptr<commit::Trunk>& trunk) {
  return std::make_shared<StoreAccess>(trunk);
}

}  // namespace strata::detail

namespace strata {

// ---- Snapshot

std::shared_ptr<Snapshot::State> Snapshot::State::make(const std::shared_ptr<commit::Trunk>& trunk) {
  auto state = std::make_shared<State>();
  state->trunk_ = trunk;
  state->view = trunk->view();
  state->now = platform::clock().now();
  state->position = state->view->position();
  State* raw = state.get();
  state->aged = std::make_shared<commit::Aged>(platform::steady_now() + trunk->options().snapshot_age_max,
                                               [raw] { raw->view.reset(); });
  trunk->watch(state->aged);
  return state;
}

Snapshot::State::~State() {
  if (aged) aged->cancel();
}

void Snapshot::State::read(const std::function<void(commit::Source&)>& work) {
  trunk_->check_open();
  aged->use([&] {
    commit::ViewSource source(*view, now);
    work(source);
  });
}

CommitResult Snapshot::State::write(const std::function<void(commit::Transaction&)>&) {
  throw Error(ErrorCode::unsupported, "a snapshot cannot be written to; write through the store or a transaction");
}

CommitResult Snapshot::State::declare(const std::function<void(commit::Transaction&)>& work) { return write(work); }

void Snapshot::State::check_alone(std::string_view what) const {
  throw Error(ErrorCode::unsupported, std::string(what) + ": a snapshot can only be read; use the store's own handle");
}

Snapshot::Snapshot(std::shared_ptr<State> state) : state_(std::move(state)) {}
Snapshot::Snapshot(Snapshot&&) noexcept = default;
Snapshot& Snapshot::operator=(Snapshot&&) noexcept = default;
Snapshot::~Snapshot() = default;

Collection Snapshot::collection(std::string_view name) const { return Collection(state_, std::string(name)); }
Position Snapshot::position() const { return state_->position; }

std::vector<std::string> Snapshot::collections() const {
  std::vector<std::string> names;
  state_->read([&](commit::Source& source) {
    for (const auto& [name, unused] : source.view().catalogue().collections()) {
      if (!model::is_own(name)) names.push_back(name);
    }
  });
  return names;
}

// ---- Transaction

std::shared_ptr<Transaction::State> Transaction::State::make(const std::shared_ptr<commit::Trunk>& trunk,
                                                             std::unique_ptr<commit::Transaction> transaction,
                                                             bool may_age) {
  auto state = std::make_shared<State>();
  state->trunk_ = trunk;
  state->transaction = std::move(transaction);
  if (may_age) {
    State* raw = state.get();
    state->aged = std::make_shared<commit::Aged>(platform::steady_now() + trunk->options().snapshot_age_max,
                                                 [raw] { raw->transaction->let_go(); });
    trunk->watch(state->aged);
  }
  return state;
}

Transaction::State::~State() {
  if (aged) aged->cancel();
}

void Transaction::State::read(const std::function<void(commit::Source&)>& work) {
  write([&](commit::Transaction& own) { work(own); });
}

CommitResult Transaction::State::write(const std::function<void(commit::Transaction&)>& work) {
  trunk_->check_open();
  if (!transaction) throw Error(ErrorCode::closed, "the transaction has ended; its handles cannot be used any more");
  if (aged) {
    aged->use([&] { work(*transaction); });
  } else {
    work(*transaction);
  }
  return {};
}

CommitResult Transaction::State::declare(const std::function<void(commit::Transaction&)>&) {
  throw Error(ErrorCode::invalid_argument,
              "indexes and options are declared in transactions of their own; call this on the store's collection");
}

void Transaction::State::check_alone(std::string_view what) const {
  throw Error(ErrorCode::invalid_argument,
              std::string(what) + ": it is a commit of its own; call it on the store, outside of a transaction");
}

commit::Request Transaction::State::end() {
  const auto take = [&] {
    commit::Request request = transaction->take_request();
    transaction.reset();
    return request;
  };
  return aged ? aged->use(take) : take();
}

Transaction::Transaction(std::shared_ptr<State> state) : state_(std::move(state)) {}
Transaction::~Transaction() = default;

Collection Transaction::collection(std::string_view name) { return Collection(state_, std::string(name)); }

Position Transaction::position() const {
  Position position;
  state_->write([&](commit::Transaction& own) { position = own.position(); });
  return position;
}

}  // namespace strata
