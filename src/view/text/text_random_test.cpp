// Random programs: after each step what the index finds is what looking at every record finds.
#include <gtest/gtest.h>

#include <list>
#include <random>

#include "codec/value_random.hpp"
#include "platform/scratch_directory.hpp"
#include "view/text/example_store.hpp"

namespace strata::view {
namespace {

using Term = NaiveTexts::Term;
using Rows = NaiveTexts::Rows;

constexpr int steps = 600;
constexpr std::chrono::seconds lifetime{99};

class RandomTexts {
 public:
  explicit RandomTexts(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t bound) { return random_() % bound; }
  std::string word() {
    // Few words in many records, many words in few.
    const std::size_t rank = std::min(below(40), below(40));
    return std::string(1, static_cast<char>('a' + rank % 7)) + std::string(1, static_cast<char>('a' + rank % 6));
  }
  std::string text() {
    std::string text;
    for (std::size_t words = below(12); words > 0; --words) text += (text.empty() ? "" : " ") + word();
    return text;
  }
  std::string key() { return "k" + std::to_string(below(60)); }
  std::vector<Term> query() {
    std::vector<Term> terms;
    for (std::size_t i = 1 + below(3); i > 0; --i) terms.push_back(term("\0\0+"[below(3)]));
    if (below(3) == 0) terms.push_back(term('-'));
    return terms;
  }

 private:
  Term term(char sign) {
    Term term{sign};
    for (std::size_t words = below(4) == 0 ? 2 : 1; words > 0; --words) term.words.push_back(word());
    if (below(4) == 0) {
      term.prefix = true;
      term.words.back().resize(1);
    }
    return term;
  }

  std::mt19937_64 random_;
};

class RandomProgram {
 public:
  explicit RandomProgram(std::uint64_t seed) : texts_(seed) {}

  void run() {
    for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE("step " + std::to_string(step) + "; replay: STRATA_TEST_SEED=" + std::to_string(codec::test_seed()) +
                   " view_text_test --gtest_filter=TextRandom.*");
      change();
      if (texts_.below(3) == 0) keep_snapshot();
      ask();
    }
    EXPECT_GT(hits_, 100u);
    EXPECT_GT(asked_of_transactions_, 10u);
    EXPECT_GT(asked_of_snapshots_, 10u);
  }

 private:
  struct Snapshot {
    std::unique_ptr<commit::View> view;
    Rows rows;
  };

  void write(commit::Transaction& transaction, Rows& rows, std::map<std::string, Time>& expiries) {
    for (std::size_t writes = 1 + texts_.below(4); writes > 0; --writes) {
      const std::string key = texts_.key();
      expiries.erase(key);
      if (texts_.below(4) == 0) {
        model::erase_record(transaction, "notes", key, {});
        rows.erase(key);
        continue;
      }
      NaiveTexts::Row row{{}, {texts_.text(), texts_.text()}};
      if (const auto before = rows_.find(key); before != rows_.end() && texts_.below(3) == 0) row = before->second;
      row.version = Version{};
      PutOptions options;
      if (texts_.below(6) == 0) {
        options.time_to_live = lifetime;
        expiries[key] = platform::clock().now() + lifetime;
      }
      const Value value = Value::object({{"title", row.columns[0]},
                                         {"body", Value::array({Value(row.columns[1]), Value(1)})},
                                         {"other", static_cast<int>(texts_.below(1000))}});
      model::put_record(transaction, "notes", key, value, options);
      rows[key] = row;
    }
  }

  void change() {
    auto transaction = store_.begin();
    write(*transaction, rows_, expiries_);
    const Position position = store_.commit(std::move(transaction));
    for (auto& [key, row] : rows_) {
      if (row.version == Version{}) row.version.value = position.value;
    }
    if (texts_.below(20) == 0) {
      clock_.advance(lifetime / 2);
      store_.trunk().maintain(true);
      for (auto it = expiries_.begin(); it != expiries_.end();) {
        if (it->second > platform::clock().now()) {
          ++it;
          continue;
        }
        rows_.erase(it->first);
        it = expiries_.erase(it);
      }
    }
    if (texts_.below(60) == 0) store_.trim_log();
    if (texts_.below(40) == 0) indexes_.at(texts_.below(2)) = shared();
  }

  void keep_snapshot() {
    snapshots_.push_back({store_.view(), rows_});
    if (snapshots_.size() > 6) snapshots_.pop_front();
  }

  void ask() {
    TextIndex& index = *indexes_.at(texts_.below(indexes_.size()));
    switch (texts_.below(3)) {
      case 0: {
        TextReading reading = index.read(store_.opener());
        return compare(reading, rows_);
      }
      case 1: {
        if (snapshots_.empty()) return;
        ++asked_of_snapshots_;
        auto at = std::next(snapshots_.begin(), static_cast<std::ptrdiff_t>(texts_.below(snapshots_.size())));
        commit::ViewSource source(*at->view, Time{});
        TextReading reading = index.read_at(source, store_.opener());
        return compare(reading, at->rows);
      }
      default: {
        ++asked_of_transactions_;
        const auto transaction = store_.begin();
        Rows rows = rows_;
        std::map<std::string, Time> unused;
        write(*transaction, rows, unused);
        TextReading reading = index.read_at(*transaction, store_.opener());
        return compare(reading, rows);
      }
    }
  }

  void compare(TextReading& reading, const Rows& rows) {
    for (int i = 0; i < 2; ++i) {
      const std::vector<Term> terms = texts_.query();
      const std::string query = NaiveTexts::query_of(terms);
      SCOPED_TRACE(query);
      auto expected = NaiveTexts::search(rows, terms);
      const auto hits = reading.search(query, 1000);
      hits_ += hits.size();
      ASSERT_EQ(hits.size(), expected.size());
      for (std::size_t at = 1; at < hits.size(); ++at) {
        ASSERT_TRUE(hits[at - 1].score > hits[at].score ||
                    (hits[at - 1].score == hits[at].score && hits[at - 1].key < hits[at].key));
      }
      auto by_key = hits;
      std::sort(by_key.begin(), by_key.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
      for (std::size_t at = 0; at < by_key.size(); ++at) {
        ASSERT_EQ(by_key[at].key, expected[at].key);
        ASSERT_EQ(by_key[at].version, expected[at].version) << by_key[at].key;
        ASSERT_NEAR(by_key[at].score, expected[at].score, 1e-9) << by_key[at].key;
      }
    }
    EXPECT_EQ(reading.trouble(), "");
    std::uint64_t with_text = 0;
    for (const auto& [key, row] : rows) with_text += row.columns[0].empty() && row.columns[1].empty() ? 0 : 1;
    EXPECT_EQ(reading.rows(), with_text);
  }

  std::unique_ptr<TextIndex> shared() {
    return std::make_unique<TextIndex>(scratch_ / "view", TextOptions{"", {"title", "body"}, false}, "notes");
  }

  RandomTexts texts_;
  platform::ManualClock clock_{Time{1'700'000'000'000'000}};
  platform::ClockOverride override_{clock_};
  platform::ScratchDirectory scratch_;
  ExampleStore store_ = ExampleStore::in_memory();
  std::vector<std::unique_ptr<TextIndex>> indexes_ = [&] {
    std::vector<std::unique_ptr<TextIndex>> indexes;
    indexes.push_back(shared());
    indexes.push_back(shared());
    indexes.push_back(std::make_unique<TextIndex>("", TextOptions{"", {"title", "body"}, false}, "notes"));
    return indexes;
  }();
  Rows rows_;
  std::map<std::string, Time> expiries_;
  std::list<Snapshot> snapshots_;
  std::size_t hits_ = 0, asked_of_transactions_ = 0, asked_of_snapshots_ = 0;
};

TEST(TextRandom, WhatIsFoundIsWhatLookingAtEveryRecordFinds) { RandomProgram(codec::test_seed()).run(); }

}  // namespace
}  // namespace strata::view
