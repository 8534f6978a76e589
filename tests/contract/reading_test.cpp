// Keys, values, views, ranges and cursors.
#include <thread>

#include "tests/contract/contract_fixture.hpp"

namespace strata::engine {
namespace {

class Reading : public EngineFixture {};

TEST_P(Reading, APutValueIsReadBack) {
  write(*engine_, {{"key", "value"}});
  EXPECT_EQ(read(*engine_->snapshot(), "key"), "value");
}

TEST_P(Reading, AnAbsentKeyGivesNothing) {
  write(*engine_, {{"key", "value"}});
  const auto snapshot = engine_->snapshot();
  EXPECT_EQ(read(*snapshot, "ke"), std::nullopt);
  EXPECT_EQ(read(*snapshot, "key0"), std::nullopt);
  EXPECT_EQ(read(*snapshot, "key", Space::make(SpaceGroup::record, 8)), std::nullopt);
  EXPECT_EQ(read(*snapshot, "key", Space::make(SpaceGroup::local, 7)), std::nullopt);
}

TEST_P(Reading, AnEmptyValueIsNotAbsence) {
  write(*engine_, {{"key", ""}});
  EXPECT_EQ(read(*engine_->snapshot(), "key"), "");
}

TEST_P(Reading, KeysAndValuesMayHoldAnyBytes) {
  Bytes every;
  for (int byte = 0; byte < 256; ++byte) every.push_back(static_cast<char>(byte));
  const Bytes zero(1, '\0');
  write(*engine_, {{every, every}, {zero, zero}, {"\xFF", "\xFF"}});
  const auto snapshot = engine_->snapshot();
  EXPECT_EQ(read(*snapshot, every), every);
  EXPECT_EQ(read(*snapshot, zero), zero);
  EXPECT_EQ(keys_of(read_all(*snapshot, {records, {}, {}})), (std::vector<Bytes>{zero, every, "\xFF"}));
}

TEST_P(Reading, EveryGroupOfSpacesHoldsRows) {
  const auto transaction = engine_->begin_write(patient());
  for (std::size_t group = 0; group < space_groups; ++group) {
    for (const std::uint32_t number : {0u, 1u, 0xFFFFFFu}) {
      const Space space = Space::make(static_cast<SpaceGroup>(group), number);
      transaction->put({space, "key"}, std::to_string(space.id));
    }
  }
  transaction->commit(Durability::relaxed);
  const auto snapshot = engine_->snapshot();
  for (std::size_t group = 0; group < space_groups; ++group) {
    for (const std::uint32_t number : {0u, 1u, 0xFFFFFFu}) {
      const Space space = Space::make(static_cast<SpaceGroup>(group), number);
      EXPECT_EQ(read_all(*snapshot, {space, {}, {}}), (Rows{{"key", std::to_string(space.id)}}));
    }
  }
}

TEST_P(Reading, AKeyHasOneToTheGreatestNumberOfBytes) {
  const Bytes longest(key_bytes_max, '\xFF');
  const Bytes longer(key_bytes_max + 1, 'k');
  write(*engine_, {{longest, "value"}});
  const auto snapshot = engine_->snapshot();
  EXPECT_EQ(read(*snapshot, longest), "value");
  EXPECT_EQ(keys_of(read_all(*snapshot, {records, {}, {}}, {.reverse = true})), (std::vector<Bytes>{longest}));
  const auto transaction = engine_->begin_write(patient());
  for (const Bytes& wrong : {Bytes(), longer}) {
    const Key key{records, wrong};
    EXPECT_EQ(code_of([&] { snapshot->get(key); }), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of([&] {
                snapshot->get_many({&key, 1}, [](std::size_t, std::optional<bytes_view>) {});
              }),
              ErrorCode::invalid_argument);
    EXPECT_EQ(code_of([&] { transaction->put(key, "value"); }), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of([&] { transaction->erase(key); }), ErrorCode::invalid_argument);
  }
}

TEST_P(Reading, AValueHasUpToTheGreatestNumberOfBytes) {
  Bytes greatest(value_bytes_max, 'v');
  greatest.back() = '!';
  write(*engine_, {{"key", greatest}});
  EXPECT_TRUE(read(*engine_->snapshot(), "key") == greatest);
  const auto transaction = engine_->begin_write(patient());
  const Bytes greater(value_bytes_max + 1, 'v');
  EXPECT_EQ(code_of([&] { transaction->put({records, "key"}, greater); }), ErrorCode::limit_exceeded);
}

TEST_P(Reading, ManyKeysAreGivenInTheOrderAskedWithTheirIndex) {
  write(*engine_, {{"a", "1"}, {"b", ""}, {"c", "3"}});
  write(*engine_, {{"a", "other"}}, Durability::relaxed, Space::make(SpaceGroup::local, 1));
  const std::vector<Key> keys{{records, "c"}, {records, "absent"},
                              {records, "a"}, {Space::make(SpaceGroup::local, 1), "a"},
                              {records, "b"}, {records, "c"}};
  std::vector<std::optional<Bytes>> found;
  const auto snapshot = engine_->snapshot();
  snapshot->get_many(keys, [&](std::size_t index, std::optional<bytes_view> value) {
    EXPECT_EQ(index, found.size());
    found.push_back(owned(value));
  });
  EXPECT_EQ(found, (std::vector<std::optional<Bytes>>{"3", std::nullopt, "1", "other", "", "3"}));
  snapshot->get_many({}, [](std::size_t, std::optional<bytes_view>) { FAIL() << "no key was asked for"; });
}

TEST_P(Reading, KeysOrderByUnsignedBytesAndAPrefixComesFirst) {
  write(*engine_, {{"\x80", ""}, {"a", ""}, {"ab", ""}, {Bytes("a\0", 2), ""}, {"\x7F", ""}, {"b", ""}});
  const std::vector<Bytes> order{"a", Bytes("a\0", 2), "ab", "b", "\x7F", "\x80"};
  const auto snapshot = engine_->snapshot();
  EXPECT_EQ(keys_of(read_all(*snapshot, {records, {}, {}})), order);
  EXPECT_EQ(keys_of(read_all(*snapshot, {records, {}, {}}, {.reverse = true})),
            std::vector<Bytes>(order.rbegin(), order.rend()));
}

TEST_P(Reading, ARangeIsHalfOpenInBothDirections) {
  write(*engine_, {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}});
  const auto snapshot = engine_->snapshot();
  const auto between = [&](bytes_view begin, bytes_view end) {
    const std::vector<Bytes> forward = keys_of(read_all(*snapshot, {records, begin, end}));
    std::vector<Bytes> backward = keys_of(read_all(*snapshot, {records, begin, end}, {.reverse = true}));
    std::reverse(backward.begin(), backward.end());
    EXPECT_EQ(forward, backward);
    return forward;
  };
  EXPECT_EQ(between("b", "d"), (std::vector<Bytes>{"b", "c"}));
  EXPECT_EQ(between("aa", "cc"), (std::vector<Bytes>{"b", "c"}));
  EXPECT_EQ(between({}, "b"), (std::vector<Bytes>{"a"}));
  EXPECT_EQ(between("c", {}), (std::vector<Bytes>{"c", "d"}));
  EXPECT_EQ(between("b", "b"), std::vector<Bytes>());
  EXPECT_EQ(between("d", "b"), std::vector<Bytes>());
  EXPECT_EQ(between("x", {}), std::vector<Bytes>());
  EXPECT_EQ(between({}, "a"), std::vector<Bytes>());
  EXPECT_EQ(between({}, {}), (std::vector<Bytes>{"a", "b", "c", "d"}));
}

TEST_P(Reading, BoundsOfARangeMayBeLongerThanAKey) {
  write(*engine_, {{"a", "1"}, {"b", "2"}});
  const Bytes after_a = "a" + Bytes(2 * key_bytes_max, '\xFF');
  const auto snapshot = engine_->snapshot();
  EXPECT_EQ(keys_of(read_all(*snapshot, {records, {}, after_a})), (std::vector<Bytes>{"a"}));
  EXPECT_EQ(keys_of(read_all(*snapshot, {records, after_a, {}})), (std::vector<Bytes>{"b"}));
}

TEST_P(Reading, ARangeStaysWithinItsSpace) {
  const Space below = Space::make(SpaceGroup::record, 6);
  const Space above = Space::make(SpaceGroup::record, 8);
  write(*engine_, {{"\xFF\xFF", "below"}}, Durability::relaxed, below);
  write(*engine_, {{Bytes(1, '\0'), "above"}}, Durability::relaxed, above);
  EXPECT_EQ(read_all(*engine_->snapshot(), {records, {}, {}}), Rows());
  write(*engine_, {{"key", "here"}});
  const auto snapshot = engine_->snapshot();
  EXPECT_EQ(read_all(*snapshot, {records, {}, {}}), (Rows{{"key", "here"}}));
  EXPECT_EQ(read_all(*snapshot, {records, {}, {}}, {.reverse = true}), (Rows{{"key", "here"}}));
  EXPECT_EQ(read_all(*snapshot, {below, "a", {}}, {.reverse = true}), (Rows{{"\xFF\xFF", "below"}}));
}

TEST_P(Reading, AScanOfAnEmptyStoreEndsAtOnce) {
  const auto snapshot = engine_->snapshot();
  for (std::size_t group = 0; group < space_groups; ++group) {
    const Space space = Space::make(static_cast<SpaceGroup>(group), 1);
    EXPECT_EQ(read_all(*snapshot, {space, {}, {}}), Rows());
    EXPECT_EQ(read_all(*snapshot, {space, {}, {}}, {.reverse = true}), Rows());
  }
}

TEST_P(Reading, TheLimitIsAHintAndCutsNothing) {
  write(*engine_, {{"a", "1"}, {"b", "2"}, {"c", "3"}});
  const auto snapshot = engine_->snapshot();
  EXPECT_EQ(read_all(*snapshot, {records, {}, {}}, {.limit = 1}).size(), 3u);
  EXPECT_EQ(read_all(*snapshot, {records, {}, {}}, {.reverse = true, .limit = 2}).size(), 3u);
}

TEST_P(Reading, AScanOfKeysAloneGivesAllKeys) {
  write(*engine_, {{"a", "1"}, {"b", "2"}, {"c", "3"}});
  const auto snapshot = engine_->snapshot();
  EXPECT_EQ(keys_of(read_all(*snapshot, {records, {}, {}}, {.keys_only = true})), (std::vector<Bytes>{"a", "b", "c"}));
  EXPECT_EQ(keys_of(read_all(*snapshot, {records, {}, {}}, {.reverse = true, .keys_only = true})),
            (std::vector<Bytes>{"c", "b", "a"}));
}

TEST_P(Reading, ACursorThatHasEndedStaysAtItsEnd) {
  write(*engine_, {{"a", "1"}, {"b", "2"}});
  const auto snapshot = engine_->snapshot();
  for (const bool reverse : {false, true}) {
    const auto cursor = snapshot->scan({records, "a", "b"}, {.reverse = reverse});
    EXPECT_TRUE(cursor->next());
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(cursor->next());
  }
}

TEST_P(Reading, ViewsOfACursorOutliveOtherCallsOnItsReader) {
  write(*engine_, {{"a", "1"}, {"b", "2"}, {"c", Bytes(5000, 'c')}});
  const auto engine = site_.open_bare();
  if (!engine->capabilities().persistent) write(*engine, {{"a", "1"}, {"b", "2"}, {"c", Bytes(5000, 'c')}});
  const auto snapshot = engine->snapshot();
  const auto cursor = snapshot->scan({records, {}, {}}, {});
  ASSERT_TRUE(cursor->next());
  const bytes_view key = cursor->key();
  const bytes_view value = cursor->value();
  EXPECT_EQ(read(*snapshot, "c"), Bytes(5000, 'c'));
  EXPECT_EQ(read_all(*snapshot, {records, "b", {}}).size(), 2u);
  EXPECT_EQ(key, "a");
  EXPECT_EQ(value, "1");
}

TEST_P(Reading, SeveralCursorsAndPointReadsDoNotDisturbEachOther) {
  write(*engine_, {{"a", "1"}, {"b", "2"}, {"c", "3"}});
  const auto snapshot = engine_->snapshot();
  const auto up = snapshot->scan({records, {}, {}}, {});
  const auto down = snapshot->scan({records, {}, {}}, {.reverse = true});
  Rows seen_up;
  Rows seen_down;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(up->next());
    ASSERT_TRUE(down->next());
    EXPECT_EQ(read(*snapshot, "b"), "2");
    seen_up.emplace_back(up->key(), up->value());
    seen_down.emplace_back(down->key(), down->value());
  }
  EXPECT_EQ(seen_up, (Rows{{"a", "1"}, {"b", "2"}, {"c", "3"}}));
  EXPECT_EQ(seen_down, (Rows{{"c", "3"}, {"b", "2"}, {"a", "1"}}));
  EXPECT_FALSE(up->next());
  EXPECT_FALSE(down->next());
}

TEST_P(Reading, ASnapshotAndItsCursorMayMoveToAnotherThread) {
  write(*engine_, {{"a", "1"}, {"b", "2"}});
  auto snapshot = engine_->snapshot();
  auto cursor = snapshot->scan({records, {}, {}}, {});
  ASSERT_TRUE(cursor->next());
  std::thread([&] {
    EXPECT_EQ(read(*snapshot, "a"), "1");
    EXPECT_TRUE(cursor->next());
    EXPECT_EQ(cursor->key(), "b");
    cursor.reset();
    snapshot.reset();
  }).join();
  EXPECT_EQ(read(*engine_->snapshot(), "b"), "2");
}

INSTANTIATE_TEST_SUITE_P(Engines, Reading, testing::ValuesIn(schemes_under_test()), scheme_name);

}  // namespace
}  // namespace strata::engine
