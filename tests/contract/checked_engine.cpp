#include "tests/contract/checked_engine.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "tests/contract/expiring_views.hpp"

namespace strata::engine {
namespace {

void report(const std::string& broken) { ADD_FAILURE() << "engine contract broken by its caller: " << broken; }

[[noreturn]] void refuse(const std::string& broken) {
  report(broken);
  throw std::logic_error(broken);
}

/// What a checked engine knows of its users.
struct Users {
  std::atomic<int> readers{0};
  std::mutex mutex;
  std::set<std::thread::id> writing;
};

/// What a checked reader and its cursors share.
struct ReaderState {
  explicit ReaderState(std::shared_ptr<Users> engine_users) : users(std::move(engine_users)) { ++users->readers; }
  ~ReaderState() { --users->readers; }

  std::shared_ptr<Users> users;
  ExpiringViews views;
  int cursors = 0;
  std::uint64_t writes = 0;
  bool ended = false;
  bool in_sink = false;
  std::atomic<bool> in_call{false};
};

/// A call on a reader or on one of its cursors.
class Call {
 public:
  explicit Call(ReaderState& state) : state_(state) {
    if (state_.in_sink) refuse("a sink called its reader");
    if (state_.ended) refuse("a reader was used after its end");
    if (state_.in_call.exchange(true)) refuse("two threads used one reader at once");
  }
  ~Call() { state_.in_call = false; }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  ReaderState& state_;
};

class CheckedCursor : public Cursor {
 public:
  CheckedCursor(std::unique_ptr<Cursor> cursor, std::shared_ptr<ReaderState> state, bool keys_only)
      : cursor_(std::move(cursor)), state_(std::move(state)), writes_(state_->writes), keys_only_(keys_only) {
    ++state_->cursors;
  }
  ~CheckedCursor() override { --state_->cursors; }

  bool next() override {
    const Call call(*state_);
    check_writes();
    views_.expire();
    on_row_ = cursor_->next();
    if (!on_row_) return false;
    key_ = views_.keep(cursor_->key());
    value_ = keys_only_ ? bytes_view() : views_.keep(cursor_->value());
    return true;
  }
  bytes_view key() const override {
    check_row();
    return key_;
  }
  bytes_view value() const override {
    check_row();
    return value_;
  }

 private:
  void check_writes() const {
    if (state_->writes != writes_) refuse("a cursor was used after a write of its transaction");
  }
  void check_row() const {
    check_writes();
    if (!on_row_) refuse("a cursor was read that stands on no row");
  }

  std::unique_ptr<Cursor> cursor_;
  std::shared_ptr<ReaderState> state_;
  std::uint64_t writes_;
  bool keys_only_;
  bool on_row_ = false;
  ExpiringViews views_;
  bytes_view key_;
  bytes_view value_;
};

template <typename Base>
class CheckedReader : public Base {
 public:
  CheckedReader(std::unique_ptr<Base> inner, std::shared_ptr<Users> users)
      : inner_(std::move(inner)), state_(std::make_shared<ReaderState>(std::move(users))) {}
  ~CheckedReader() override {
    if (state_->cursors != 0) report("a cursor outlived its reader");
    state_->ended = true;
  }

  std::optional<bytes_view> get(Key key) override {
    const Call call(*state_);
    state_->views.expire();
    const auto value = inner_->get(key);
    if (!value) return std::nullopt;
    return state_->views.keep(*value);
  }
  void get_many(std::span<const Key> keys, const Reader::Sink& sink) override {
    const Call call(*state_);
    state_->views.expire();
    inner_->get_many(keys, [&](std::size_t index, std::optional<bytes_view> value) {
      ExpiringViews views;
      if (value) value = views.keep(*value);
      state_->in_sink = true;
      try {
        sink(index, value);
      } catch (...) {
        state_->in_sink = false;
        throw;
      }
      state_->in_sink = false;
    });
  }
  std::unique_ptr<Cursor> scan(KeyRange range, ScanHints hints) override {
    const Call call(*state_);
    state_->views.expire();
    // Bounds live as long as this call alone.
    ExpiringViews bounds;
    const KeyRange copy{range.space, bounds.keep(range.begin), bounds.keep(range.end)};
    return std::make_unique<CheckedCursor>(inner_->scan(copy, hints), state_, hints.keys_only);
  }

 protected:
  std::unique_ptr<Base> inner_;
  std::shared_ptr<ReaderState> state_;
};

class CheckedSnapshot : public CheckedReader<Snapshot> {
 public:
  using CheckedReader::CheckedReader;
  std::uint64_t token() const override { return inner_->token(); }
};

class CheckedWriteTransaction : public CheckedReader<WriteTransaction> {
 public:
  CheckedWriteTransaction(std::unique_ptr<WriteTransaction> inner, std::shared_ptr<Users> users)
      : CheckedReader(std::move(inner), std::move(users)) {}
  ~CheckedWriteTransaction() override {
    check_thread([](const std::string& broken) { report(broken); });
    leave();
  }

  void put(Key key, bytes_view value) override {
    const Call call(*state_);
    // The write ends all views, and these arguments may be among them.
    const Bytes key_copy(key.bytes);
    const Bytes value_copy(value);
    end_views();
    if (key_copy != key.bytes || value_copy != value) refuse("an argument of put() was a view that put() ends");
    inner_->put(key, value);
  }
  void erase(Key key) override {
    const Call call(*state_);
    const Bytes key_copy(key.bytes);
    end_views();
    if (key_copy != key.bytes) refuse("an argument of erase() was a view that erase() ends");
    inner_->erase(key);
  }
  void erase_range(KeyRange range) override {
    const Call call(*state_);
    end_views();
    inner_->erase_range(range);
  }
  void commit(Durability durability) override {
    const Call call(*state_);
    check_thread([](const std::string& broken) { refuse(broken); });
    end_views();
    state_->ended = true;
    inner_->commit(durability);
    leave();
  }

 private:
  template <typename React>
  void check_thread(React react) const {
    if (!left_ && std::this_thread::get_id() != owner_)
      react("a write transaction ended in another thread than began it");
  }
  void end_views() {
    state_->views.expire();
    ++state_->writes;
  }
  void leave() {
    if (left_) return;
    left_ = true;
    std::scoped_lock lock(state_->users->mutex);
    state_->users->writing.erase(owner_);
  }

  const std::thread::id owner_ = std::this_thread::get_id();
  bool left_ = false;
};

class CheckedEngine : public Engine {
 public:
  explicit CheckedEngine(std::unique_ptr<Engine> inner) : inner_(std::move(inner)) {}
  ~CheckedEngine() override {
    if (users_->readers != 0) report("a reader outlived its engine");
  }

  const Capabilities& capabilities() const override { return inner_->capabilities(); }
  std::unique_ptr<Snapshot> snapshot() override {
    return std::make_unique<CheckedSnapshot>(inner_->snapshot(), users_);
  }
  std::unique_ptr<WriteTransaction> begin_write(Deadline deadline, std::span<const Key> ahead) override {
    check_not_writing("begin_write()");
    return check(inner_->begin_write(deadline, ahead));
  }
  Bytes memory() override { return inner_->memory(); }
  std::unique_ptr<WriteTransaction> begin_from_memory(bytes_view memory, Deadline deadline) override {
    check_not_writing("begin_from_memory()");
    auto transaction = inner_->begin_from_memory(memory, deadline);
    return transaction ? check(std::move(transaction)) : nullptr;
  }
  Wake& wake() override { return inner_->wake(); }
  std::uint64_t lineage() override { return inner_->lineage(); }
  void maintain() override {
    check_not_writing("maintain()");
    inner_->maintain();
  }
  void compact(Progress& progress) override {
    check_not_writing("compact()");
    inner_->compact(progress);
  }
  EngineStatistics statistics() override { return inner_->statistics(); }

 private:
  std::unique_ptr<WriteTransaction> check(std::unique_ptr<WriteTransaction> inner) {
    auto transaction = std::make_unique<CheckedWriteTransaction>(std::move(inner), users_);
    std::scoped_lock lock(users_->mutex);
    users_->writing.insert(std::this_thread::get_id());
    return transaction;
  }
  void check_not_writing(const std::string& call) {
    bool writing = false;
    {
      std::scoped_lock lock(users_->mutex);
      writing = users_->writing.contains(std::this_thread::get_id());
    }
    if (writing) refuse(call + " by a thread that holds a write transaction");
  }

  std::unique_ptr<Engine> inner_;
  std::shared_ptr<Users> users_ = std::make_shared<Users>();
};

}  // namespace

std::unique_ptr<Engine> make_checked(std::unique_ptr<Engine> engine) {
  return std::make_unique<CheckedEngine>(std::move(engine));
}

}  // namespace strata::engine
