// What a store as programs use it does not show: rows taken over one by one, and log entries that nothing writes yet.
#include "follow/copying.hpp"

#include <gtest/gtest.h>

#include "codec/log_entry.hpp"
#include "codec/record.hpp"
#include "commit/derivation.hpp"
#include "commit/transaction.hpp"
#include "engine/memory/memory_engine.hpp"
#include "platform/clock.hpp"
#include "platform/random.hpp"
#include "strata/error.hpp"

namespace strata::follow {
namespace {

using commit::Trunk;
using engine::Space;

std::shared_ptr<Trunk> open_memory(std::uint64_t digest_key = 7) {
  engine::register_memory_engine();
  auto engine = engine::open_engine("memory", {});
  Trunk::create(*engine, {platform::make_uuid(), digest_key}, platform::steady_now() + std::chrono::seconds(5));
  OpenOptions options;
  options.background = false;
  return Trunk::open(std::move(engine), options, {});
}

/// Writes records into a collection; its space.
Space put(Trunk& trunk, const std::vector<std::string>& keys) {
  Space space;
  trunk.exclusive(trunk.deadline({}), Durability::sync, [&](commit::Writer& writer) {
    auto view = std::make_unique<commit::View>(writer.transaction(), std::make_shared<codec::Head>(writer.head()),
                                               writer.catalogue());
    commit::Transaction transaction(std::move(view), platform::make_uuid(), platform::clock().now(),
                                    commit::Transaction::Tracking::none);
    space = transaction.collection_for_writing("notes").records();
    for (const std::string& key : keys) {
      commit::Write write;
      write.space = space;
      write.key = key;
      write.body = Value(key).encoded();
      transaction.write(std::move(write));
    }
    writer.apply(transaction.take_request());
  });
  return space;
}

/// Erases a range with one entry for it all.
void erase_range(Trunk& trunk, Space space, const Bytes& begin, const Bytes& end) {
  trunk.exclusive(trunk.deadline({}), Durability::sync, [&](commit::Writer& writer) {
    const codec::SpaceTotals before = writer.totals(space);
    Mirror(writer).empty({space, begin, end});
    codec::Hash128 gone = before.digest;
    gone -= writer.totals(space).digest;
    codec::Head& head = writer.head();
    codec::Entry entry;
    entry.position = Position{head.position.value + 1};
    entry.time = head.time;
    entry.id = platform::make_uuid();
    entry.changes.push_back(
        {codec::Operation::erase_range, space, begin, end, gone, before.rows - writer.totals(space).rows});
    entry.chain = codec::chain_after(head.chain, entry);
    writer.transaction().put({commit::log_space, codec::log_key(entry.position, 0)}, codec::encode_entry(entry).at(0));
    head.position = entry.position;
    head.chain = entry.chain;
  });
}

std::vector<std::string> keys_in(Trunk& trunk, Space space) {
  std::vector<std::string> keys;
  const auto view = trunk.view();
  const auto cursor = view->reader().scan({space, {}, {}}, {});
  while (cursor->next()) keys.emplace_back(cursor->key());
  return keys;
}

class AtEachStep : public engine::Progress {
 public:
  explicit AtEachStep(std::function<void()> work) : work_(std::move(work)) {}
  bool advance(std::string_view, std::uint64_t, std::uint64_t) override {
    work_();
    return true;
  }

 private:
  std::function<void()> work_;
};

TEST(Copying, ARangeErasedAtOnceIsErasedInTheTargetButForWhatCameBack) {
  const auto from = open_memory(), to = open_memory(9);
  const Space space = put(*from, {"a", "b", "c", "d", "e"});
  int step = 0;
  AtEachStep changes([&] {
    if (++step != 1) return;
    erase_range(*from, space, "b", "e");
    put(*from, {"c"});
  });
  const CopyReport report = Copying(*from, *to, {}, &changes).run([](const Uuid&) {});
  EXPECT_EQ(keys_in(*to, space), (std::vector<std::string>{"a", "c", "e"}));
  EXPECT_EQ(keys_in(*to, space), keys_in(*from, space));
  EXPECT_EQ(report.position, from->view()->position());
  EXPECT_EQ(to->view()->head().digest, from->view()->head().digest);
  EXPECT_EQ(to->view()->head().incarnation, from->view()->head().incarnation + 1);
}

TEST(Copying, TheTargetIsToldItsIdBeforeAnythingIsCopied) {
  const auto from = open_memory(), to = open_memory();
  put(*from, {"a"});
  EXPECT_THROW(Copying(*from, *to, {}, nullptr).run([](const Uuid&) { throw std::runtime_error("stop"); }),
               std::runtime_error);
  EXPECT_TRUE(to->filling());
  Uuid named;
  const CopyReport report = Copying(*from, *to, {}, nullptr).run([&](const Uuid& id) { named = id; });
  EXPECT_TRUE(report.resumed);
  EXPECT_EQ(named, from->view()->head().store_id);
  EXPECT_FALSE(to->filling());
}

TEST(Copying, TwoThatGoOnWithOneCopyDoNotMixTheirSteps) {
  const auto from = open_memory(), to = open_memory();
  put(*from, {"a", "b", "c"});
  int step = 0;
  AtEachStep other([&] {
    if (++step == 1) Copying(*from, *to, {}, nullptr).run([](const Uuid&) {});
  });
  // The other one has finished meanwhile: the target is a store again, and this one has no business with it.
  EXPECT_THROW(Copying(*from, *to, {}, &other).run([](const Uuid&) {}), Error);
  EXPECT_EQ(to->view()->head().digest, from->view()->head().digest);
}

TEST(Copying, ASourceThatWasRestoredMeanwhileIsNotGoneOnWith) {
  const auto from = open_memory(), to = open_memory();
  put(*from, {"a", "b", "c"});
  AtEachStep stop([] { throw std::runtime_error("stop"); });
  EXPECT_THROW(Copying(*from, *to, {}, &stop).run([](const Uuid&) {}), std::runtime_error);
  from->exclusive(from->deadline({}), Durability::sync, [](commit::Writer& writer) {
    writer.head().incarnation += 1;
    writer.note_written();
  });
  try {
    Copying(*from, *to, {}, nullptr).run([](const Uuid&) {});
    FAIL() << "it went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  }
}

TEST(Copying, ADamagedRecordOfTheSourceIsNamed) {
  const auto from = open_memory(), to = open_memory();
  const Space space = put(*from, {"a", "b", "c"});
  const auto transaction = from->engine().begin_write(from->deadline({}));
  Bytes row(*transaction->get({space, "b"}));
  row[row.size() / 2] = static_cast<char>(row[row.size() / 2] ^ 4);
  transaction->put({space, "b"}, row);
  transaction->commit(Durability::sync);
  try {
    Copying(*from, *to, {}, nullptr).run([](const Uuid&) {});
    FAIL() << "it was copied";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corruption);
    EXPECT_NE(std::string(error.what()).find("record `b` of collection `notes` in the source"), std::string::npos)
        << error.what();
  }
}

TEST(Copying, ASourceWhoseDigestIsWrongDoesNotPass) {
  const auto from = open_memory(), to = open_memory();
  put(*from, {"a", "b", "c"});
  from->exclusive(from->deadline({}), Durability::sync, [](commit::Writer& writer) {
    writer.head().digest += codec::Hash128{1, 0};
    writer.note_written();
  });
  try {
    Copying(*from, *to, {}, nullptr).run([](const Uuid&) {});
    FAIL() << "it passed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corruption);
  }
  EXPECT_TRUE(to->filling());
}

class MirrorTest : public testing::Test {
 protected:
  Bytes row(Space space, const Bytes& key, const std::string& body, std::optional<Time> expires = {}) {
    codec::RecordHeader header;
    header.version = Version{5};
    header.expires = expires;
    return codec::encode_record({space, key}, header, Value(body).encoded());
  }
  void write(const std::function<void(commit::Writer&, Mirror&)>& work) {
    trunk_->exclusive(trunk_->deadline({}), Durability::sync, [&](commit::Writer& writer) {
      Mirror mirror(writer);
      work(writer, mirror);
    });
  }
  std::shared_ptr<Trunk> trunk_ = open_memory();
  Space space_ = Space::make(engine::SpaceGroup::record, 1);
};

TEST_F(MirrorTest, TotalsDigestAndExpiryFollowTheRows) {
  const std::vector<MirroredRow> rows = {{space_, "a", row(space_, "a", "one", Time{1000})},
                                         {space_, "b", row(space_, "b", "two")}};
  const Bytes entry = commit::expiry_key(Time{1000}, space_, "a");
  codec::SpaceTotals first;
  write([&](commit::Writer& writer, Mirror& mirror) {
    mirror.apply(rows);
    first = writer.totals(space_);
    EXPECT_EQ(first.rows, 2U);
    EXPECT_EQ(first.bytes, 2 + rows[0].row->size() + rows[1].row->size());
    EXPECT_EQ(writer.head().digest, first.digest);
    EXPECT_EQ(writer.head().records, 2U);
    EXPECT_EQ(writer.totals(commit::expiry_space).rows, 1U);
    EXPECT_TRUE(writer.transaction().get({commit::expiry_space, entry}));
  });
  write([&](commit::Writer& writer, Mirror& mirror) {
    mirror.apply(std::vector<MirroredRow>{{space_, "a", row(space_, "a", "three")}, {space_, "b", std::nullopt}});
    EXPECT_EQ(writer.totals(space_).rows, 1U);
    EXPECT_NE(writer.head().digest, first.digest);
    EXPECT_EQ(writer.totals(commit::expiry_space).rows, 0U);
    EXPECT_FALSE(writer.transaction().get({commit::expiry_space, entry}));
  });
  write([&](commit::Writer& writer, Mirror& mirror) {
    mirror.replace(rows, std::vector<MirroredRow>{{space_, "a", row(space_, "a", "three")}});
    EXPECT_EQ(writer.totals(space_), first);
    EXPECT_EQ(writer.head().digest, first.digest);
    mirror.empty({space_, {}, {}});
    EXPECT_EQ(writer.totals(space_), codec::SpaceTotals{});
    EXPECT_EQ(writer.head().digest, codec::Hash128{});
    EXPECT_EQ(writer.head().records, 0U);
  });
}

TEST_F(MirrorTest, ADroppedSpaceCountsForNothing) {
  write([&](commit::Writer& writer, Mirror& mirror) {
    mirror.apply(std::vector<MirroredRow>{{space_, "a", row(space_, "a", "one")}});
    mirror.drop(space_);
    EXPECT_EQ(writer.totals(space_), codec::SpaceTotals{});
    EXPECT_EQ(writer.head().digest, codec::Hash128{});
    EXPECT_EQ(writer.head().records, 0U);
  });
  trunk_->maintain(true);
  EXPECT_TRUE(keys_in(*trunk_, space_).empty());
}

}  // namespace
}  // namespace strata::follow
