#include "engine/memory/memory_engine.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "engine/engine_parameters.hpp"
#include "engine/memory/row_tree.hpp"
#include "engine/process_bond.hpp"
#include "engine/stored_key.hpp"
#include "platform/process.hpp"
#include "platform/wake_word.hpp"
#include "strata/engine.hpp"
#include "strata/error.hpp"

namespace strata::engine {
namespace {

constexpr char place[] = "memory:";

RowTree::Range view_of(const StoredRange& range) { return {range.begin, range.end}; }

class MemoryCursor : public Cursor {
 public:
  MemoryCursor(const RowTree& tree, const StoredRange& range, bool reverse) : walk_(tree, view_of(range), reverse) {}

  bool next() override {
    row_ = walk_.next();
    return row_ != nullptr;
  }
  bytes_view key() const override { return without_space(row_->key); }
  bytes_view value() const override { return row_->value; }

 private:
  RowTree::Walk walk_;
  const Row* row_ = nullptr;
};

/// What a snapshot and a write transaction have in common: a tree of their own to read from.
template <typename Base>
class TreeReader : public Base {
 public:
  explicit TreeReader(RowTree tree) : tree_(std::move(tree)) {}

  std::optional<bytes_view> get(Key key) override {
    check_usable();
    const Row* row = tree_.find(StoredKey(key).view());
    if (row == nullptr) return std::nullopt;
    return row->value;
  }
  void get_many(std::span<const Key> keys, const Reader::Sink& sink) override {
    for (std::size_t i = 0; i < keys.size(); ++i) sink(i, get(keys[i]));
  }
  std::unique_ptr<Cursor> scan(KeyRange range, ScanHints hints) override {
    check_usable();
    return std::make_unique<MemoryCursor>(tree_, StoredRange(range), hints.reverse);
  }

 protected:
  virtual void check_usable() const { bond_.check(place); }

  RowTree tree_;
  ProcessBond bond_;
};

class MemorySnapshot : public TreeReader<Snapshot> {
 public:
  MemorySnapshot(RowTree tree, std::uint64_t token, std::atomic<std::uint64_t>& live)
      : TreeReader(std::move(tree)), token_(token), live_(live) {
    ++live_;
  }
  ~MemorySnapshot() override { --live_; }
  std::uint64_t token() const override { return token_; }

 private:
  std::uint64_t token_;
  std::atomic<std::uint64_t>& live_;
};

class MemoryEngine : public Engine {
 public:
  explicit MemoryEngine(bool read_only) : read_only_(read_only) {
    capabilities_.name = "memory";
    capabilities_.version = "1";
    capabilities_.persistent = false;
    capabilities_.shrinks_in_place = true;
  }

  const Capabilities& capabilities() const override { return capabilities_; }
  std::unique_ptr<Snapshot> snapshot() override;
  std::unique_ptr<WriteTransaction> begin_write(Deadline deadline, std::span<const Key>) override;
  Wake& wake() override { return *wake_; }
  std::uint64_t lineage() override { return 0; }
  void maintain() override { bond_.check(place); }
  void compact(Progress&) override { bond_.check(place); }
  EngineStatistics statistics() override;

 private:
  friend class MemoryWriteTransaction;

  Capabilities capabilities_;
  bool read_only_;
  ProcessBond bond_;
  std::unique_ptr<Wake> wake_ = platform::make_local_wake_word();
  std::atomic<std::uint64_t> live_snapshots_ = 0;

  std::mutex mutex_;
  std::condition_variable left_;
  bool writing_ = false;
  RowTree committed_;
  std::uint64_t commits_ = 1;
  std::uint64_t edits_ = 0;
};

class MemoryWriteTransaction : public TreeReader<WriteTransaction> {
 public:
  MemoryWriteTransaction(MemoryEngine& engine, RowTree tree, std::uint64_t edit)
      : TreeReader(std::move(tree)), engine_(engine) {
    tree_.begin_edit(edit);
  }
  ~MemoryWriteTransaction() override {
    if (!ended_ && !bond_.inherited()) end();
  }

  void put(Key key, bytes_view value) override {
    check_usable();
    check_row(key, value);
    tree_.put(StoredKey(key).view(), value);
    changed_ = true;
  }
  void erase(Key key) override {
    check_usable();
    changed_ |= tree_.erase(StoredKey(key).view());
  }
  void erase_range(KeyRange range) override {
    check_usable();
    const StoredRange stored(range);
    if (stored.begin < stored.end) changed_ |= tree_.erase(view_of(stored));
  }
  void commit(Durability) override {
    check_usable();
    if (changed_) {
      std::scoped_lock lock(engine_.mutex_);
      engine_.committed_ = tree_;
      ++engine_.commits_;
    }
    end();
  }

 private:
  void check_usable() const override {
    TreeReader::check_usable();
    if (ended_)
      throw Error(ErrorCode::closed, std::string("a write transaction of ") + place + " was used after commit");
  }
  void end() noexcept {
    ended_ = true;
    {
      std::scoped_lock lock(engine_.mutex_);
      engine_.writing_ = false;
    }
    engine_.left_.notify_one();
  }

  MemoryEngine& engine_;
  bool changed_ = false;
  bool ended_ = false;
};

std::unique_ptr<Snapshot> MemoryEngine::snapshot() {
  bond_.check(place);
  std::scoped_lock lock(mutex_);
  return std::make_unique<MemorySnapshot>(committed_, commits_, live_snapshots_);
}

std::unique_ptr<WriteTransaction> MemoryEngine::begin_write(Deadline deadline, std::span<const Key>) {
  bond_.check(place);
  if (read_only_) throw Error(ErrorCode::unsupported, "memory: is open for reading alone; open it for writing");
  std::unique_lock lock(mutex_);
  if (!left_.wait_until(lock, deadline, [&] { return !writing_; })) {
    throw Error(ErrorCode::busy, "memory: another thread is writing; try again later, or with a later deadline");
  }
  auto transaction = std::make_unique<MemoryWriteTransaction>(*this, committed_, ++edits_);
  writing_ = true;
  return transaction;
}

EngineStatistics MemoryEngine::statistics() {
  bond_.check(place);
  EngineStatistics statistics;
  RowTree tree;
  {
    std::scoped_lock lock(mutex_);
    tree = committed_;
    statistics.details["commits"] = std::to_string(commits_ - 1);
  }
  statistics.live_bytes = tree.row_bytes();
  statistics.readers = live_snapshots_;
  if (statistics.readers > 0) statistics.oldest_reader_process = platform::process_id();
  return statistics;
}

std::unique_ptr<Engine> open_memory(const OpenRequest& request) {
  EngineParameters parameters(place, request.parameters);
  parameters.refuse_unknown();
  if (!request.location.empty()) {
    throw Error(ErrorCode::invalid_argument, "memory: takes no place, but got '" + request.location +
                                                 "'; each open of memory: is a store of its own");
  }
  return std::make_unique<MemoryEngine>(request.read_only);
}

}  // namespace

void register_memory_engine() { register_engine("memory", open_memory); }

}  // namespace strata::engine
