#include "tests/history/checker.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace strata::history {
namespace {

constexpr std::size_t violations_max = 20;

struct Stored {
  Version version;
  Content content;
};
using Records = std::map<std::string, Stored>;
using State = std::map<std::string, Records>;

std::string shown(const std::optional<Seen>& seen) {
  if (!seen) return "nothing";
  return seen->key + "@" + std::to_string(seen->version.value) + "#" + std::to_string(seen->content.stamp);
}

std::string shown(const std::vector<Seen>& seen) {
  std::string out = "[";
  for (const Seen& one : seen) out += (out.size() > 1 ? " " : "") + shown(one);
  return out + "]";
}

std::string shown(const Done& done) {
  return "session " + done.session + ", " + (done.committed ? "commit at " : "reading at ") +
         std::to_string(done.position.value);
}

bool answers(const Question& question, const Content& content) {
  if (question.kind && content.kind != *question.kind) return false;
  if (question.number_from && content.number < *question.number_from) return false;
  if (question.number_below && content.number >= *question.number_below) return false;
  return !question.tag || std::find(content.tags.begin(), content.tags.end(), *question.tag) != content.tags.end();
}

std::vector<Seen> expected_answer(const Question& question, const Records& records) {
  std::vector<Seen> out;
  for (const auto& [key, stored] : records) {
    if (answers(question, stored.content)) out.push_back({key, stored.version, stored.content});
  }
  const auto by_number = [](const Seen& a, const Seen& b) {
    return std::tie(a.content.number, a.key) < std::tie(b.content.number, b.key);
  };
  if (question.order == Question::Order::by_number) std::sort(out.begin(), out.end(), by_number);
  if (question.order == Question::Order::by_number_descending) std::sort(out.rbegin(), out.rend(), by_number);
  if (question.limit != 0 && out.size() > question.limit) out.resize(question.limit);
  return out;
}

/// One transaction upon the state at its place.
class Replay {
 public:
  Replay(const State& state, const Done& done) : state_(state), done_(done) {}

  /// Carries out the steps; what each read should have seen is compared, the differences are kept.
  void run() {
    for (const Step& step : done_.steps) {
      std::visit([&](const auto& one) { take(one); }, step);
    }
  }

  using Change = std::tuple<LogChange::Operation, std::string, std::string>;  // operation, collection, key
  /// What the log should say about it.
  std::multiset<Change> changes() const {
    std::multiset<Change> out;
    for (const auto& [place, written] : written_) {
      const auto& [collection, key] = place;
      if (written) out.emplace(LogChange::Operation::put, collection, key);
      if (!written && stored(collection, key)) out.emplace(LogChange::Operation::erase, collection, key);
    }
    return out;
  }
  void apply_to(State& state) const {
    for (const auto& [place, written] : written_) {
      Records& records = state[place.first];
      if (written) {
        records.insert_or_assign(place.second, Stored{Version{done_.position.value}, *written});
      } else {
        records.erase(place.second);
      }
    }
  }

  std::vector<std::string> problems;

 private:
  void take(const Get& get) {
    const std::optional<Seen> expected = present(get.collection, get.key);
    if (get.seen != expected) differs("get " + get.collection + "/" + get.key, shown(get.seen), shown(expected));
  }
  void take(const Scan& scan) {
    const std::vector<Seen> expected = expected_answer(scan.question, merged(scan.question.collection));
    if (scan.seen == expected) return;
    differs("scan of " + scan.question.collection + " where `" + to_query(scan.question).where + "`", shown(scan.seen),
            shown(expected));
  }
  void take(const Put& put) { written_[{put.collection, put.key}] = put.content; }
  void take(const Erase& erase) {
    const bool expected = present(erase.collection, erase.key).has_value();
    if (erase.existed != expected) {
      differs("erase " + erase.collection + "/" + erase.key, erase.existed ? "a record" : "nothing",
              expected ? "a record" : "nothing");
    }
    written_[{erase.collection, erase.key}] = std::nullopt;
  }

  void differs(const std::string& what, const std::string& seen, const std::string& expected) {
    problems.push_back(shown(done_) + ": " + what + " saw " + seen + ", at its place there was " + expected);
  }

  const Stored* stored(const std::string& collection, const std::string& key) const {
    const auto records = state_.find(collection);
    if (records == state_.end()) return nullptr;
    const auto found = records->second.find(key);
    return found == records->second.end() ? nullptr : &found->second;
  }
  std::optional<Seen> present(const std::string& collection, const std::string& key) const {
    if (const auto own = written_.find({collection, key}); own != written_.end()) {
      if (!own->second) return std::nullopt;
      return Seen{key, Version{0}, *own->second};
    }
    const Stored* there = stored(collection, key);
    if (!there) return std::nullopt;
    return Seen{key, there->version, there->content};
  }
  Records merged(const std::string& collection) const {
    const auto there = state_.find(collection);
    Records records = there == state_.end() ? Records{} : there->second;
    for (const auto& [place, written] : written_) {
      if (place.first != collection) continue;
      if (written) {
        records.insert_or_assign(place.second, Stored{Version{0}, *written});
      } else {
        records.erase(place.second);
      }
    }
    return records;
  }

  const State& state_;
  const Done& done_;
  std::map<std::pair<std::string, std::string>, std::optional<Content>> written_;
};

class Checker {
 public:
  explicit Checker(const History& history) : history_(history) {}

  std::vector<std::string> run() {
    place_all();
    check_order();
    Position last;
    check_readers_at(last);
    for (const LogEntry& entry : history_.log) {
      if (entry.position.value != last.value + 1) {
        problem("the log has position " + std::to_string(entry.position.value) + " after " +
                std::to_string(last.value));
      }
      last = entry.position;
      replay(entry);
      check_readers_at(last);
    }
    for (const auto& [position, done] : committed_) {
      if (position > last) problem(shown(*done) + ": the log ends at " + std::to_string(last.value));
    }
    for (const auto& [position, done] : readers_) {
      if (position > last) problem(shown(*done) + ": the log ends at " + std::to_string(last.value));
    }
    return std::move(problems_);
  }

 private:
  void problem(std::string text) {
    if (problems_.size() < violations_max) problems_.push_back(std::move(text));
  }

  void place_all() {
    for (const Done& done : history_.transactions) {
      if (!done.committed) {
        readers_.emplace(done.position, &done);
        continue;
      }
      const auto [other, fresh] = committed_.emplace(done.position, &done);
      if (!fresh) problem(shown(done) + ": session " + other->second->session + " committed there too");
    }
  }

  /// Nobody's place lies before that of one who had ended when it began.
  void check_order() {
    std::vector<const Done*> by_begin, by_end;
    for (const Done& done : history_.transactions) by_begin.push_back(&done);
    by_end = by_begin;
    std::sort(by_begin.begin(), by_begin.end(), [](const Done* a, const Done* b) { return a->began < b->began; });
    std::sort(by_end.begin(), by_end.end(), [](const Done* a, const Done* b) { return a->ended < b->ended; });
    const Done* newest = nullptr;
    std::size_t ended = 0;
    for (const Done* done : by_begin) {
      for (; ended < by_end.size() && by_end[ended]->ended < done->began; ++ended) {
        if (!newest || by_end[ended]->position > newest->position) newest = by_end[ended];
      }
      if (!newest) continue;
      const bool behind = done->position < newest->position || (done->committed && done->position == newest->position);
      if (behind) problem(shown(*done) + ": began after this had ended: " + shown(*newest));
    }
  }

  void check_readers_at(Position position) {
    for (auto [reader, end] = readers_.equal_range(position); reader != end; ++reader) {
      Replay replay(state_, *reader->second);
      replay.run();
      for (std::string& text : replay.problems) problem(std::move(text));
      if (!replay.changes().empty()) problem(shown(*reader->second) + ": it wrote, yet has no position of its own");
    }
  }

  void replay(const LogEntry& entry) {
    drop_collections(entry);
    const auto found = committed_.find(entry.position);
    if (found == committed_.end()) {
      for (const LogChange& change : entry.changes) {
        if (is_record(change)) {
          problem("position " + std::to_string(entry.position.value) + " changes " + change.collection + "/" +
                  change.key + ", and nobody was told of that commit");
        }
      }
      return;
    }
    const Done& done = *found->second;
    if (!done.id.is_nil() && done.id != entry.id) {
      problem(shown(done) + ": its id is " + done.id.to_string() + ", the log has " + entry.id.to_string());
    }
    Replay replay(state_, done);
    replay.run();
    for (std::string& text : replay.problems) problem(std::move(text));
    compare_changes(entry, done, replay.changes());
    replay.apply_to(state_);
  }

  static bool is_record(const LogChange& change) {
    return change.operation == LogChange::Operation::put || change.operation == LogChange::Operation::erase;
  }

  /// The log names no collection that has been dropped since: then any that the transaction wrote to will do.
  void compare_changes(const LogEntry& entry, const Done& done, std::multiset<Replay::Change> expected) {
    for (const LogChange& change : entry.changes) {
      if (!is_record(change)) continue;
      const auto same = std::find_if(expected.begin(), expected.end(), [&](const Replay::Change& one) {
        const auto& [operation, collection, key] = one;
        return operation == change.operation && key == change.key &&
               (change.collection.empty() || collection == change.collection);
      });
      if (same == expected.end()) {
        problem(shown(done) + ": the log has a change of " + change.collection + "/" + change.key +
                " that it did not make");
      } else {
        expected.erase(same);
      }
    }
    for (const auto& [unused, collection, key] : expected)
      problem(shown(done) + ": its change of " + collection + "/" + key + " is not in the log");
  }

  /// A record space that is erased as a whole, beside a declaration: the collection of that name is gone.
  void drop_collections(const LogEntry& entry) {
    const bool drops = std::any_of(entry.changes.begin(), entry.changes.end(), [](const LogChange& change) {
      return change.operation == LogChange::Operation::erase_range &&
             engine::Space{change.space}.group() == engine::SpaceGroup::record;
    });
    if (!drops) return;
    for (const LogChange& change : entry.changes) {
      if (change.operation == LogChange::Operation::declare) state_.erase(change.key);
    }
  }

  const History& history_;
  std::map<Position, const Done*> committed_;
  std::multimap<Position, const Done*> readers_;
  State state_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> violations(const History& history) { return Checker(history).run(); }

}  // namespace strata::history
