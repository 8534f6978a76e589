// Random programs over event streams, compared with a plain model; and many threads at the same streams.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "platform/scratch_directory.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"
#include "tests/process/volume.hpp"

namespace strata {
namespace {

using Texts = std::vector<std::string>;

class StreamProgram : public testing::TestWithParam<std::string> {
 protected:
  Store open() { return Store::open(site_.url(), {.durability = Durability::relaxed}); }
  platform::ScratchDirectory directory_;
  StoreSite site_{GetParam(), directory_ / "store"};
};

/// What a stream should be.
struct ModelStream {
  std::uint64_t version = 0;
  bool tombstone = false;
  std::map<std::uint64_t, Event> events;
};

class Program {
 public:
  Program(Store& store, std::uint64_t seed) : store_(store), random_(seed) {}

  void step() {
    const std::uint64_t what = below(100);
    if (what < 60) return append();
    if (what < 68) return append_to_several();
    if (what < 75) return truncate();
    if (what < 78) return erase();
    if (what < 81) return retain();
    if (what < 90) return read_one();
    read_all();
  }

  void check_whole() {
    EXPECT_EQ(places(store_.streams().read()), places(expected_all({})));
    for (const auto& [name, stream] : model_) {
      EXPECT_EQ(places(store_.stream(name).read()), places(expected_of(stream, {}))) << name;
      EXPECT_EQ(store_.stream(name).version(), stream.version) << name;
    }
    EXPECT_EQ(store_.verify().problems, Texts{});
  }

 private:
  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  std::string name() { return std::string(1, static_cast<char>('a' + below(4))) + "/" + std::to_string(below(2)); }
  std::string type() { return "t" + std::to_string(below(3)); }

  static Texts places(const std::vector<Event>& events) {
    Texts texts;
    for (const Event& event : events) {
      texts.push_back(event.stream + "@" + std::to_string(event.version) + " #" + std::to_string(event.number) + " p" +
                      std::to_string(event.position.value) + " " + event.type + " " + event.data.to_json() + event.id);
    }
    return texts;
  }

  Expected expectation(const ModelStream& stream, bool& holds) {
    holds = true;
    switch (below(5)) {
      case 0:
        holds = stream.version == 0;
        return Expected::none();
      case 1:
        holds = stream.version > 0;
        return Expected::exists();
      case 2:
        return Expected::exactly(stream.version);
      case 3: {
        const std::uint64_t wrong = below(stream.version + 3);
        holds = wrong == stream.version;
        return Expected::exactly(wrong);
      }
      default:
        return Expected::any();
    }
  }

  void note(const std::string& stream, const NewEvent& event, Position position) {
    ModelStream& model = model_[stream];
    Event added;
    added.stream = stream;
    added.version = ++model.version;
    added.number = ++number_;
    added.position = position;
    added.type = event.type;
    added.data = event.data;
    added.id = event.id;
    added.time = store_.stream(stream).get(added.version).value_or(Event{}).time;
    if (!event.id.empty()) ids_[event.id] = {stream, added.version};
    model.events[added.version] = added;
  }

  void append() {
    const std::string stream = name();
    ModelStream& model = model_[stream];
    std::vector<NewEvent> events(1 + below(3));
    for (NewEvent& event : events) {
      event.type = type();
      event.data = Value(static_cast<std::int64_t>(below(1000)));
    }
    if (below(4) == 0) events.front().id = "id" + std::to_string(below(60));
    const std::string& id = events.front().id;
    const auto known = ids_.find(id);
    bool holds = true;
    const Expected expected = expectation(model, holds);
    try {
      const AppendResult result = store_.stream(stream).append(events, expected);
      EXPECT_FALSE(model.tombstone);
      if (known != ids_.end()) {
        EXPECT_EQ(known->second.first, stream);
        if (events.size() == 1) {
          EXPECT_TRUE(result.repeated);
          EXPECT_EQ(result.first, known->second.second);
          return;
        }
        events.erase(events.begin());
      }
      EXPECT_FALSE(result.repeated);
      EXPECT_TRUE(holds);
      EXPECT_EQ(result.first, model.version + 1);
      EXPECT_EQ(result.last, model.version + events.size());
      EXPECT_EQ(result.position, store_.position());
      for (const NewEvent& event : events) note(stream, event, result.position);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::invalid_argument) {
        EXPECT_TRUE(model.tombstone) << error.what();
      } else if (error.code() == ErrorCode::already_exists) {
        ASSERT_TRUE(known != ids_.end()) << error.what();
        EXPECT_NE(known->second.first, stream);
      } else {
        EXPECT_EQ(error.code(), ErrorCode::conflict) << error.what();
        EXPECT_FALSE(holds) << error.what();
        const std::string named = "version " + std::to_string(model.version) + ";";
        EXPECT_NE(std::string(error.what()).find(named), std::string::npos) << error.what();
      }
    }
  }

  void append_to_several() {
    Texts names;
    for (std::uint64_t i = 0; i < 2 + below(4); ++i) names.push_back(name());
    if (std::any_of(names.begin(), names.end(), [&](const auto& one) { return model_[one].tombstone; })) return;
    CommitResult commit;
    store_.transact(
        [&](Transaction& transaction) {
          std::map<std::string, std::uint64_t> own;
          for (const std::string& one : names) {
            transaction.stream(one).append(
                {.type = "several"},
                own.size() % 2 == 0 ? Expected::any() : Expected::exactly(model_[one].version + own[one]));
            ++own[one];
          }
        },
        {}, &commit);
    for (const std::string& one : names) note(one, {.type = "several"}, commit.position);
  }

  void forget(ModelStream& stream, std::uint64_t before) {
    while (!stream.events.empty() && stream.events.begin()->first < before) {
      ids_.erase(stream.events.begin()->second.id);
      stream.events.erase(stream.events.begin());
    }
  }

  void truncate() {
    const std::string stream = name();
    ModelStream& model = model_[stream];
    const std::uint64_t before = below(model.version + 3);
    const std::size_t events = model.events.size();
    forget(model, before);
    EXPECT_EQ(store_.stream(stream).truncate(before), events - model.events.size());
  }

  void erase() {
    const std::string stream = name();
    ModelStream& model = model_[stream];
    const bool tombstone = below(6) == 0;
    EXPECT_EQ(store_.stream(stream).erase(tombstone), !model.events.empty());
    forget(model, model.version + 1);
    model.tombstone = model.tombstone || tombstone;
  }

  void retain() {
    const std::string stream = name();
    ModelStream& model = model_[stream];
    if (model.tombstone) return;
    const std::uint64_t keep = 1 + below(8);
    store_.stream(stream).set_options({.keep_count = keep});
    store_.compact();
    store_.stream(stream).set_options({});
    if (model.version > keep) forget(model, std::min(model.version - keep + 1, model.version));
  }

  EventQuery query() {
    EventQuery query;
    query.backward = below(2) == 0;
    if (below(3) == 0) query.from = below(number_ + 2);
    if (below(3) == 0) query.after = Position{below(store_.position().value + 2)};
    if (below(3) == 0) query.types = {type(), type()};
    if (below(3) == 0) query.limit = 1 + below(20);
    if (below(4) == 0 && !times_.empty()) query.since = times_[below(times_.size())];
    if (below(4) == 0 && !times_.empty()) query.until = times_[below(times_.size())];
    return query;
  }

  static std::vector<Event> select(std::vector<Event> events, const EventQuery& query, std::uint64_t Event::*place) {
    if (query.backward) std::reverse(events.begin(), events.end());
    std::vector<Event> out;
    for (const Event& event : events) {
      if (query.from > 0 && (query.backward ? event.*place > query.from : event.*place < query.from)) continue;
      if (query.after && event.position <= *query.after) continue;
      if (query.since && event.time < *query.since) continue;
      if (query.until && event.time >= *query.until) continue;
      if (!event.stream.starts_with(query.prefix)) continue;
      if (!query.types.empty() && std::find(query.types.begin(), query.types.end(), event.type) == query.types.end())
        continue;
      out.push_back(event);
      if (out.size() == query.limit) break;
    }
    return out;
  }

  static std::vector<Event> expected_of(const ModelStream& stream, const EventQuery& query) {
    std::vector<Event> events;
    for (const auto& [unused, event] : stream.events) events.push_back(event);
    return select(std::move(events), query, &Event::version);
  }

  std::vector<Event> expected_all(const EventQuery& query) const {
    std::vector<Event> events;
    for (const auto& [unused, stream] : model_) {
      for (const auto& [version, event] : stream.events) events.push_back(event);
    }
    std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.number < b.number; });
    return select(std::move(events), query, &Event::number);
  }

  void read_one() {
    const std::string stream = name();
    const EventQuery asked = query();
    EXPECT_EQ(places(store_.stream(stream).read(asked)), places(expected_of(model_[stream], asked)));
    for (const auto& [unused, event] : model_[stream].events) times_.push_back(event.time);
  }

  void read_all() {
    EventQuery asked = query();
    if (below(3) == 0) asked.prefix = std::string(1, static_cast<char>('a' + below(4)));
    EXPECT_EQ(places(store_.streams().read(asked)), places(expected_all(asked)));
  }

  Store& store_;
  std::mt19937_64 random_;
  std::map<std::string, ModelStream> model_;
  std::map<std::string, std::pair<std::string, std::uint64_t>> ids_;
  std::vector<Time> times_;
  std::uint64_t number_ = 0;
};

TEST_P(StreamProgram, DoesWhatAPlainModelDoes) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  Store store = open();
  Program program(store, seed);
  const std::size_t steps = GetParam() == "postgres" || GetParam() == "duckdb" ? 150 : volume(600, 20'000);
  for (std::size_t i = 0; i < steps && !HasFailure(); ++i) program.step();
  program.check_whole();
}

TEST_P(StreamProgram, ThreadsAppendWithEveryKindOfExpectationAndNothingIsLostOrDoubled) {
  const std::uint64_t seed = test_seed();
  SCOPED_TRACE(replay_command(seed));
  constexpr std::size_t threads = 6;
  const std::size_t appends = GetParam() == "postgres" || GetParam() == "duckdb" ? 30 : volume(120, 5000);
  Store store = open();
  std::atomic<std::uint64_t> conflicts{0}, wrong{0};
  std::atomic<bool> done{false};
  std::vector<std::thread> crew;
  for (std::size_t number = 0; number < threads; ++number) {
    crew.emplace_back([&, number] {
      std::mt19937_64 random(seed + number);
      for (std::size_t i = 0; i < appends; ++i) {
        Stream stream = store.stream("s" + std::to_string(random() % 2));
        const NewEvent event{.type = "t",
                             .data = Value::object({{"by", number}, {"i", i}}),
                             .id = i % 3 == 0 ? std::to_string(number) + "-" + std::to_string(i) : std::string()};
        for (;;) {
          const std::uint64_t seen = stream.version();
          const Expected expected = random() % 2 == 0 ? Expected::any() : Expected::exactly(seen);
          try {
            const AppendResult result = stream.append(event, expected);
            const auto written = stream.get(result.last);
            const bool truncated = !written;
            if (!truncated && (written->data["by"].as_uint() != number || written->data["i"].as_uint() != i)) ++wrong;
            if (expected.kind() == Expected::Kind::exactly && result.first != seen + 1) ++wrong;
            break;
          } catch (const Error& error) {
            if (error.code() != ErrorCode::conflict) throw;
            ++conflicts;
          }
        }
      }
    });
  }
  std::thread other([&] {
    while (!done) {
      store.transact([&](Transaction& transaction) {
        transaction.stream("both/1").append({.type = "pair"});
        transaction.stream("both/2").append({.type = "pair"});
      });
      store.stream("cut").append({.type = "t"});
      store.stream("cut").truncate(store.stream("cut").version());
    }
  });
  for (std::thread& thread : crew) thread.join();
  done = true;
  other.join();

  EXPECT_EQ(wrong, 0u);
  std::map<std::uint64_t, std::set<std::uint64_t>> found;
  for (const std::string name : {"s0", "s1"}) {
    std::uint64_t version = 0;
    for (const Event& event : store.stream(name).read()) {
      EXPECT_EQ(event.version, ++version);
      EXPECT_TRUE(found[event.data["by"].as_uint()].insert(event.data["i"].as_uint()).second) << "doubled";
    }
  }
  ASSERT_EQ(found.size(), threads);
  for (const auto& [by, ordinals] : found) EXPECT_EQ(ordinals.size(), appends) << by;
  EXPECT_EQ(store.stream("both/1").version(), store.stream("both/2").version());
  EXPECT_EQ(store.stream("cut").read().size(), 1u);
  EXPECT_EQ(store.verify().problems, Texts{});
}

TEST_P(StreamProgram, OfAppendsWithTheSameExpectationExactlyOneWins) {
  constexpr std::size_t threads = 4;
  const std::uint64_t rounds = GetParam() == "postgres" || GetParam() == "duckdb" ? 10 : volume(40, 2000);
  Store store = open();
  for (std::uint64_t round = 0; round < rounds; ++round) {
    std::atomic<int> winners{0}, losers{0}, others{0};
    std::vector<std::thread> crew;
    for (std::size_t number = 0; number < threads; ++number) {
      crew.emplace_back([&] {
        try {
          store.stream("s").append({.type = "t"}, Expected::exactly(round));
          ++winners;
        } catch (const Error& error) {
          const bool named =
              std::string(error.what()).find("version " + std::to_string(round + 1)) != std::string::npos;
          ++(error.code() == ErrorCode::conflict && named ? losers : others);
        }
      });
    }
    for (std::thread& thread : crew) thread.join();
    EXPECT_EQ(winners, 1);
    EXPECT_EQ(losers, 3);
    EXPECT_EQ(others, 0);
  }
  EXPECT_EQ(store.stream("s").version(), rounds);
}

INSTANTIATE_TEST_SUITE_P(Engines, StreamProgram, testing::ValuesIn(with_remote(built_engines())),
                         [](const auto& engine) { return engine.param; });

}  // namespace
}  // namespace strata
