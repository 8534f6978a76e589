// Random programs, each compared step by step with a std::map.
#include <algorithm>
#include <random>

#include "tests/contract/contract_fixture.hpp"

namespace strata::engine {
namespace {

using State = std::map<std::pair<std::uint32_t, Bytes>, Bytes>;

Rows rows_in(const State& state, const KeyRange& range, bool reverse) {
  Rows rows;
  for (const auto& [key, value] : state) {
    if (key.first != range.space.id || key.second < range.begin) continue;
    if (!range.end.empty() && key.second >= range.end) continue;
    rows.emplace_back(key.second, value);
  }
  if (reverse) std::reverse(rows.begin(), rows.end());
  return rows;
}

/// What a program is made of. Few spaces and a small alphabet, so that keys meet.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }
  bool one_in(std::size_t n) { return below(n) == 0; }

  Space space() {
    static constexpr SpaceGroup groups[] = {SpaceGroup::log, SpaceGroup::ids, SpaceGroup::record, SpaceGroup::derived};
    return Space::make(groups[below(4)], static_cast<std::uint32_t>(1 + below(2)));
  }
  Bytes key() {
    static constexpr char alphabet[] = {'\0', 'a', 'b', '\x7F', '\xFF'};
    Bytes key;
    for (std::size_t length = 1 + below(4); length > 0; --length) key.push_back(alphabet[below(5)]);
    if (one_in(20)) key.append(1 + below(key_bytes_max - key.size()), 'k');
    return key;
  }
  Bytes bound() { return one_in(4) ? Bytes() : key(); }
  Bytes value() {
    const std::size_t size = one_in(50) ? below(300'000) : one_in(10) ? below(9000) : below(200);
    return Bytes(size, static_cast<char>('a' + below(26)));
  }

 private:
  std::mt19937_64 random_;
};

void compare_point_reads(Reader& reader, const State& state, Dice& dice) {
  const Space space = dice.space();
  std::vector<Bytes> names;
  for (std::size_t i = dice.below(6) + 1; i > 0; --i) names.push_back(dice.key());
  const auto expected = [&](const Bytes& name) -> std::optional<Bytes> {
    const auto found = state.find({space.id, name});
    if (found == state.end()) return std::nullopt;
    return found->second;
  };
  ASSERT_EQ(read(reader, names[0], space), expected(names[0]));
  std::vector<Key> keys;
  for (const Bytes& name : names) keys.push_back({space, name});
  std::size_t seen = 0;
  reader.get_many(keys, [&](std::size_t index, std::optional<bytes_view> value) {
    EXPECT_EQ(index, seen++);
    EXPECT_EQ(owned(value), expected(names[index]));
  });
  ASSERT_EQ(seen, keys.size());
}

void compare_scan(Reader& reader, const State& state, Dice& dice) {
  const Bytes begin = dice.bound();
  const Bytes end = dice.bound();
  const KeyRange range{dice.space(), begin, end};
  const ScanHints hints{.reverse = dice.one_in(2), .limit = dice.below(4), .keys_only = dice.one_in(4)};
  Rows expected = rows_in(state, range, hints.reverse);
  const auto cursor = reader.scan(range, hints);
  // Most scans are broken off somewhere.
  const std::size_t steps = dice.one_in(3) ? expected.size() + 1 : dice.below(expected.size() + 1);
  for (std::size_t i = 0; i < steps; ++i) {
    ASSERT_EQ(cursor->next(), i < expected.size());
    if (i == expected.size()) break;
    ASSERT_EQ(cursor->key(), expected[i].first);
    ASSERT_TRUE(hints.keys_only || cursor->value() == expected[i].second);
    if (dice.one_in(5)) compare_point_reads(reader, state, dice);
  }
}

void compare_whole(Reader& reader, const State& state) {
  Rows expected;
  for (const auto& [key, value] : state) expected.emplace_back(key.second, value);
  Rows found;
  for (std::size_t group = 0; group < space_groups; ++group) {
    for (std::uint32_t number = 0; number < 4; ++number) {
      for (auto& row : read_all(reader, {Space::make(static_cast<SpaceGroup>(group), number), {}, {}})) {
        found.push_back(std::move(row));
      }
    }
  }
  ASSERT_TRUE(found == expected);
}

class RandomPrograms : public EngineFixture {
 protected:
  struct Held {
    std::unique_ptr<Snapshot> snapshot;
    State state;
  };

  void run_transaction(Dice& dice) {
    State draft = state_;
    const auto transaction = engine_->begin_write(patient());
    for (std::size_t step = dice.below(25); step > 0; --step) {
      change(*transaction, draft, dice);
      if (dice.one_in(3)) compare_point_reads(*transaction, draft, dice);
      if (dice.one_in(4)) compare_scan(*transaction, draft, dice);
      if (HasFatalFailure()) return;
    }
    if (dice.one_in(4)) return;
    transaction->commit(dice.one_in(5) ? Durability::sync : Durability::relaxed);
    state_ = std::move(draft);
  }

  static void change(WriteTransaction& transaction, State& draft, Dice& dice) {
    const Space space = dice.space();
    if (dice.one_in(12)) {
      const Bytes begin = dice.bound();
      const Bytes end = dice.bound();
      for (const auto& [key, value] : rows_in(draft, {space, begin, end}, false)) draft.erase({space.id, key});
      transaction.erase_range({space, begin, end});
    } else if (dice.one_in(3)) {
      const Bytes key = dice.key();
      draft.erase({space.id, key});
      transaction.erase({space, key});
    } else {
      const Bytes key = dice.key();
      const Bytes value = dice.value();
      draft[{space.id, key}] = value;
      transaction.put({space, key}, value);
    }
  }

  void look(Dice& dice) {
    const std::size_t bound = engine_->capabilities().snapshots_max;
    const bool room = bound == 0 || held_.size() + 1 < bound;  // one is for looking at the newest state
    if (room && dice.one_in(4)) held_.push_back({engine_->snapshot(), state_});
    if (held_.empty()) return;
    const std::size_t chosen = dice.below(held_.size());
    compare_scan(*held_[chosen].snapshot, held_[chosen].state, dice);
    compare_point_reads(*held_[chosen].snapshot, held_[chosen].state, dice);
    if (dice.one_in(4)) held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(chosen));
  }

  void check_and_reopen() {
    for (const Held& held : held_) compare_whole(*held.snapshot, held.state);
    held_.clear();
    if (persistent()) reopen();
    compare_whole(*engine_->snapshot(), state_);
  }

  State state_;
  std::vector<Held> held_;
};

TEST_P(RandomPrograms, AgreeWithAMap) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  Dice dice(seed);
  for (int round = 0; round < 400 && !HasFailure(); ++round) {
    run_transaction(dice);
    look(dice);
    if (dice.one_in(20)) engine_->maintain();
    if (dice.one_in(40)) check_and_reopen();
  }
  check_and_reopen();
}

INSTANTIATE_TEST_SUITE_P(Engines, RandomPrograms, testing::ValuesIn(schemes_under_test()), scheme_name);

}  // namespace
}  // namespace strata::engine
