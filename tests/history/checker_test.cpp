// The checker accepts good histories and catches each kind of bad one.
#include "tests/history/checker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace strata::history {
namespace {

using Lines = std::vector<std::string>;

Content content(std::uint64_t stamp, std::int64_t number = 0) { return {number, "kind", {"tag"}, stamp}; }

Seen seen(const std::string& key, std::uint64_t version, std::uint64_t stamp, std::int64_t number = 0) {
  return {key, Version{version}, content(stamp, number)};
}

Step get(const std::string& key, std::optional<Seen> found) { return Get{"c", key, std::move(found)}; }
Step put(const std::string& key, std::uint64_t stamp, std::int64_t number = 0) {
  return Put{"c", key, content(stamp, number)};
}
Step erase(const std::string& key, bool existed) { return Erase{"c", key, existed}; }
Step scan(std::vector<Seen> found, Question question = {}) {
  question.collection = "c";
  return Scan{std::move(question), std::move(found)};
}

LogChange change(LogChange::Operation operation, const std::string& key) {
  LogChange made;
  made.operation = operation;
  made.collection = "c";
  made.key = key;
  return made;
}

/// A history in the making. Unless told otherwise, all its transactions ran at the same time.
class Story {
 public:
  /// Commits at the next position, and tells the log.
  Done& commit(std::vector<Step> steps) {
    LogEntry entry;
    entry.position.value = history.log.size() + 1;
    entry.id.bytes[0] = static_cast<std::uint8_t>(entry.position.value);
    std::map<std::string, LogChange> changes;
    for (const Step& step : steps) {
      if (const auto* put = std::get_if<Put>(&step))
        changes.insert_or_assign(put->key, change(LogChange::Operation::put, put->key));
      if (const auto* erase = std::get_if<Erase>(&step); erase && erase->existed)
        changes.insert_or_assign(erase->key, change(LogChange::Operation::erase, erase->key));
    }
    for (auto& [unused, one] : changes) entry.changes.push_back(std::move(one));
    history.log.push_back(entry);
    history.transactions.push_back({"s", entry.id, true, entry.position, 0, 1000, std::move(steps)});
    return history.transactions.back();
  }
  Done& read(std::uint64_t position, std::vector<Step> steps) {
    history.transactions.push_back({"r", {}, false, Position{position}, 0, 1000, std::move(steps)});
    return history.transactions.back();
  }
  std::string verdict() const {
    const Lines found = violations(history);
    return found.empty() ? "good" : found.front();
  }
  bool is_good() const { return violations(history).empty(); }
  bool is_caught(const std::string& by) const {
    const Lines found = violations(history);
    return std::any_of(found.begin(), found.end(),
                       [&](const std::string& line) { return line.find(by) != std::string::npos; });
  }

  History history;
};

TEST(Checker, AcceptsAnEmptyHistory) { EXPECT_TRUE(Story().is_good()); }

TEST(Checker, AcceptsReadsAtTheirPlace) {
  Story story;
  story.commit({get("a", {}), put("a", 1), get("a", seen("a", 0, 1))});
  story.commit({get("a", seen("a", 1, 1)), put("a", 2), scan({seen("a", 0, 2)})});
  story.commit({erase("a", true), get("a", {}), put("b", 3, 7)});
  story.commit({put("a", 4), erase("zzz", false), scan({seen("a", 0, 4), seen("b", 3, 3, 7)})});
  story.read(0, {get("a", {}), scan({})});
  story.read(1, {get("a", seen("a", 1, 1))});
  story.read(3, {get("a", {}), scan({seen("b", 3, 3, 7)})});
  story.read(4, {scan({seen("a", 4, 4), seen("b", 3, 3, 7)})});
  EXPECT_TRUE(story.is_good()) << story.verdict();
}

TEST(Checker, AcceptsAnswersOfEveryOrderAndLimit) {
  Story story;
  story.commit({put("a", 1, 5), put("b", 2, 9), put("c", 3, 5)});
  Question question;
  question.order = Question::Order::by_number;
  story.read(1, {scan({seen("a", 1, 1, 5), seen("c", 1, 3, 5), seen("b", 1, 2, 9)}, question)});
  question.order = Question::Order::by_number_descending;
  question.limit = 2;
  story.read(1, {scan({seen("b", 1, 2, 9), seen("c", 1, 3, 5)}, question)});
  question.limit = 0;
  question.number_from = 5;
  question.number_below = 9;
  story.read(1, {scan({seen("c", 1, 3, 5), seen("a", 1, 1, 5)}, question)});
  question.tag = "absent";
  story.read(1, {scan({}, question)});
  EXPECT_TRUE(story.is_good()) << story.verdict();
}

TEST(Checker, AcceptsADropThatTheLogTellsOf) {
  Story story;
  story.commit({put("a", 1)});
  LogEntry drop;
  drop.position.value = 2;
  drop.changes.push_back(change(LogChange::Operation::declare, "c"));
  drop.changes.back().collection.clear();
  drop.changes.emplace_back();
  drop.changes.back().operation = LogChange::Operation::erase_range;
  drop.changes.back().space = engine::Space::make(engine::SpaceGroup::record, 7).id;
  story.history.log.push_back(drop);
  story.history.log.front().changes.front().collection.clear();  // its space has no name any more
  story.read(2, {scan({}), get("a", {})});
  EXPECT_TRUE(story.is_good()) << story.verdict();
}

TEST(Checker, CatchesALostUpdate) {
  Story story;
  story.commit({put("a", 1)});
  story.commit({get("a", seen("a", 1, 1)), put("a", 2)});
  story.commit({get("a", seen("a", 1, 1)), put("a", 3)});
  EXPECT_TRUE(story.is_caught("commit at 3: get c/a")) << story.verdict();
}

TEST(Checker, CatchesWriteSkew) {
  Story story;
  story.commit({put("a", 1), put("b", 2)});
  story.commit({get("a", seen("a", 1, 1)), get("b", seen("b", 1, 2)), put("a", 3)});
  story.commit({get("a", seen("a", 1, 1)), get("b", seen("b", 1, 2)), put("b", 4)});
  EXPECT_TRUE(story.is_caught("commit at 3: get c/a")) << story.verdict();
}

TEST(Checker, CatchesAPhantom) {
  Story story;
  Question question;
  question.number_from = 5;
  story.commit({put("a", 1, 5)});
  story.commit({scan({seen("a", 1, 1, 5)}, question), put("b", 2, 6)});
  story.commit({scan({seen("a", 1, 1, 5)}, question), put("x", 3, 6)});
  EXPECT_TRUE(story.is_caught("commit at 3: scan of c")) << story.verdict();
}

TEST(Checker, CatchesADirtyRead) {
  Story story;
  story.commit({put("a", 1)});
  story.read(1, {get("a", seen("a", 1, 99))});  // 99 was written by one that was abandoned
  EXPECT_TRUE(story.is_caught("reading at 1: get c/a")) << story.verdict();
}

TEST(Checker, CatchesAReadOfAnIntermediateValue) {
  Story story;
  story.commit({put("a", 1), put("a", 2)});
  story.read(1, {get("a", seen("a", 1, 1))});
  EXPECT_TRUE(story.is_caught("reading at 1: get c/a")) << story.verdict();
}

TEST(Checker, CatchesAStaleReadAtANewPosition) {
  Story story;
  story.commit({put("a", 1)});
  story.commit({put("a", 2)});
  story.read(2, {get("a", seen("a", 1, 1))});
  EXPECT_TRUE(story.is_caught("reading at 2: get c/a")) << story.verdict();
}

TEST(Checker, CatchesAStaleReadOfOneWhoCouldHaveKnown) {
  Story story;
  story.commit({put("a", 1)});
  story.commit({put("a", 2)});
  Done& late = story.read(1, {get("a", seen("a", 1, 1))});
  EXPECT_TRUE(story.is_good()) << story.verdict();
  late.began = 1001;
  late.ended = 1002;
  EXPECT_TRUE(story.is_caught("began after this had ended")) << story.verdict();
}

TEST(Checker, CatchesReadersThatGoBackInTime) {
  Story story;
  story.commit({put("a", 1)});
  story.commit({put("a", 2)}).began = 50;
  story.read(2, {get("a", seen("a", 2, 2))}).ended = 100;
  Done& later = story.read(1, {get("a", seen("a", 1, 1))});
  later.began = 200;
  EXPECT_TRUE(story.is_caught("reading at 1: began after")) << story.verdict();
}

TEST(Checker, CatchesACommitBeforeOneThatHadEnded) {
  Story story;
  story.commit({put("a", 1)}).began = 500;
  Done& second = story.commit({put("b", 2)});
  EXPECT_TRUE(story.is_good()) << story.verdict();
  second.ended = 400;
  EXPECT_TRUE(story.is_caught("commit at 1: began after")) << story.verdict();
}

TEST(Checker, CatchesAMissingDelete) {
  Story story;
  story.commit({put("a", 1)});
  story.commit({erase("a", true)});
  story.read(2, {get("a", seen("a", 1, 1))});
  EXPECT_TRUE(story.is_caught("reading at 2: get c/a")) << story.verdict();
}

TEST(Checker, CatchesADeleteThatTheLogDoesNotHave) {
  Story story;
  story.commit({put("a", 1)});
  story.commit({erase("a", true), put("b", 2)});
  std::erase_if(story.history.log.back().changes, [](const LogChange& one) { return one.key == "a"; });
  EXPECT_TRUE(story.is_caught("its change of c/a is not in the log")) << story.verdict();
}

TEST(Checker, CatchesADeleteOfWhatWasGoneAlready) {
  Story story;
  story.commit({put("a", 1)});
  story.commit({erase("a", true)});
  story.commit({erase("a", true), put("b", 2)});
  EXPECT_TRUE(story.is_caught("commit at 3: erase c/a")) << story.verdict();
}

TEST(Checker, CatchesANonRepeatableScan) {
  Story story;
  story.commit({put("a", 1)});
  story.commit({put("b", 2)});
  story.read(1, {scan({seen("a", 1, 1)}), scan({seen("a", 1, 1), seen("b", 2, 2)})});
  EXPECT_TRUE(story.is_caught("reading at 1: scan of c")) << story.verdict();
}

TEST(Checker, CatchesANonRepeatableRead) {
  Story story;
  story.commit({put("a", 1)});
  story.commit({put("a", 2)});
  story.read(2, {get("a", seen("a", 1, 1)), get("a", seen("a", 2, 2))});
  EXPECT_TRUE(story.is_caught("reading at 2: get c/a")) << story.verdict();
}

TEST(Checker, CatchesAScanThatMissesItsOwnWrite) {
  Story story;
  story.commit({put("a", 1), scan({})});
  EXPECT_TRUE(story.is_caught("commit at 1: scan of c")) << story.verdict();
}

TEST(Checker, CatchesAnAnswerInTheWrongOrder) {
  Story story;
  story.commit({put("a", 1), put("b", 2)});
  story.read(1, {scan({seen("b", 1, 2), seen("a", 1, 1)})});
  EXPECT_TRUE(story.is_caught("reading at 1: scan of c")) << story.verdict();
}

TEST(Checker, CatchesAPositionGap) {
  Story story;
  for (std::uint64_t i = 1; i <= 3; ++i) story.commit({put("k" + std::to_string(i), i)});
  story.history.log.erase(story.history.log.begin() + 1);
  story.history.transactions.erase(story.history.transactions.begin() + 1);
  EXPECT_TRUE(story.is_caught("the log has position 3 after 1")) << story.verdict();
}

TEST(Checker, CatchesALogThatDoesNotBeginAtOne) {
  Story story;
  story.commit({put("a", 1)});
  story.commit({put("b", 2)});
  story.history.log.erase(story.history.log.begin());
  EXPECT_TRUE(story.is_caught("the log has position 2 after 0")) << story.verdict();
}

TEST(Checker, CatchesAPositionThatTwoCommitsGot) {
  Story story;
  story.commit({put("a", 1)});
  Done twin = story.history.transactions.back();
  twin.session = "twin";
  story.history.transactions.push_back(twin);
  EXPECT_TRUE(story.is_caught("committed there too")) << story.verdict();
}

TEST(Checker, CatchesAPositionThatTheLogHasTwice) {
  Story story;
  story.commit({put("a", 1)});
  story.history.log.push_back(story.history.log.back());
  EXPECT_TRUE(story.is_caught("the log has position 1 after 1")) << story.verdict();
}

TEST(Checker, CatchesACommitThatTheLogHasLost) {
  Story story;
  story.commit({put("a", 1)});
  story.commit({put("b", 2)});
  story.history.log.pop_back();
  EXPECT_TRUE(story.is_caught("commit at 2: the log ends at 1")) << story.verdict();
}

TEST(Checker, CatchesACommitThatNobodyWasToldOf) {
  Story story;
  story.commit({put("a", 1)});
  story.history.transactions.pop_back();
  EXPECT_TRUE(story.is_caught("nobody was told")) << story.verdict();
}

TEST(Checker, CatchesAnotherTransactionAtThePosition) {
  Story story;
  story.commit({put("a", 1)});
  story.history.log.back().id.bytes[1] = 1;
  EXPECT_TRUE(story.is_caught("the log has")) << story.verdict();
}

TEST(Checker, CatchesAChangeThatTheTransactionDidNotMake) {
  Story story;
  story.commit({put("a", 1)});
  story.history.log.back().changes.push_back(change(LogChange::Operation::put, "b"));
  EXPECT_TRUE(story.is_caught("did not make")) << story.verdict();
}

TEST(Checker, CatchesAWriterWithoutAPosition) {
  Story story;
  story.read(0, {put("a", 1)});
  EXPECT_TRUE(story.is_caught("no position of its own")) << story.verdict();
}

TEST(Checker, ReadsBackWhatItWroteDown) {
  Question question;
  question.kind = "k";
  question.number_from = -3;
  question.tag = "t";
  question.order = Question::Order::by_number;
  question.limit = 4;
  Story story;
  Done& done = story.commit(
      {get("a", {}), get("b", seen("b", 3, 4)), scan({seen("b", 3, 4)}, question), put("c", 9), erase("d", true)});
  const Done again = from_line(to_line(done));
  EXPECT_EQ(to_line(again), to_line(done));
  EXPECT_EQ(again.id, done.id);
  EXPECT_EQ(std::get<Scan>(again.steps[2]).seen, std::get<Scan>(done.steps[2]).seen);
  EXPECT_EQ(to_query(std::get<Scan>(again.steps[2]).question).where, to_query(question).where);
}

}  // namespace
}  // namespace strata::history
