// An agent's memory of episodes: what it saw, did and was told, with when. Stores episodes, reads one, asks for all
// since a moment, asks what one said at a moment of the past, and rewrites one although somebody else changes it
// meanwhile.
//
//   episodes [STORE]      a path or URL such as sqlite:DIR; without one, a directory that is removed at the end
#include <filesystem>
#include <functional>
#include <iostream>
#include <random>
#include <string>

#include "strata/strata.hpp"

namespace {

using namespace strata;

/// Ends the program with an error when the store does not do what is written beside it.
void expect(bool held, const std::string& what) {
  if (!held) throw std::runtime_error("not as expected: " + what);
}

/// A place for a store, for as long as the program runs.
class ScratchPlace {
 public:
  ScratchPlace()
      : path_(std::filesystem::temp_directory_path() / ("episodes-" + std::to_string(std::random_device()()))) {}
  ~ScratchPlace() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchPlace(const ScratchPlace&) = delete;
  ScratchPlace& operator=(const ScratchPlace&) = delete;

  std::string url() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

class EpisodeMemory {
 public:
  explicit EpisodeMemory(Store& store) : episodes_(store.collection("episodes")) {
    episodes_.set_options({.history = {.enabled = true}});
    episodes_.create_index({.fields = {{"updated"}}});
    episodes_.create_index({.fields = {{"kind"}, {"created"}}});
  }

  std::string remember(std::string_view kind, std::string_view text) {
    return episodes_.add(Value::object({{"kind", kind}, {"text", text}}));
  }

  Record recall(const std::string& key) const {
    const auto episode = episodes_.get(key);
    expect(episode.has_value(), "episode " + key + " is there");
    return *episode;
  }

  QueryResult since(Time time) const { return episodes_.find({.order = {{"created"}}, .since = time}); }

  QueryResult of_kind(std::string_view kind, Time time) const {
    return episodes_.find({.where = "kind = :kind and created >= time(:time)",
                           .parameters = {{"kind", kind}, {"time", time.to_string()}}});
  }

  std::string text_at(const std::string& key, AsOf moment) const {
    const auto episode = episodes_.get(key, moment);
    expect(episode.has_value(), "episode " + key + " was there");
    return std::string(episode->value["text"].as_string());
  }

  /// Replaces the text by what `think` makes of it. Thinking may take minutes: nothing is locked meanwhile. If the
  /// episode has changed by then, it is read and thought about again. Returns how often that took.
  int revise(const std::string& key, const std::function<std::string(std::string_view)>& think) {
    for (int attempt = 1;; ++attempt) {
      const Record before = recall(key);
      Value after(before.value);
      after.set("text", Value(think(before.value["text"].as_string())));
      try {
        episodes_.put(key, after, {.if_version = before.version});
        return attempt;
      } catch (const Error& error) {
        if (error.code() != ErrorCode::conflict) throw;
      }
    }
  }

 private:
  Collection episodes_;
};

void print(const Record& episode) {
  std::cout << "  " << episode.updated.to_string() << "  version " << episode.version.value << "  "
            << episode.value.to_json() << '\n';
}

void live_through_a_day(const std::string& url) {
  Store store = Store::open(url, {.origin = "episodes"});
  std::cout << "store " << store.describe().url << '\n';
  EpisodeMemory memory(store);

  std::cout << "\nthree episodes are stored, each durable when its call returns\n";
  const std::string red = memory.remember("observation", "the build is red");
  memory.remember("request", "Ada asks for a release today");
  const std::string found = memory.remember("observation", "a test waits for a clock");
  const Record first = memory.recall(red);
  const Record last = memory.recall(found);
  print(first);
  expect(first.value["text"].as_string() == "the build is red", "an episode reads as it was stored");

  std::cout << "\nall since the first of them\n";
  const QueryResult today = memory.since(first.created);
  for (const Record& episode : today.records) print(episode);
  expect(today.records.size() == 3 && today.records.front().key == red, "there are three, the first one first");

  std::cout << "\nobservations alone, with how that was answered\n";
  const QueryResult observations = memory.of_kind("observation", first.created);
  expect(observations.records.size() == 2, "two of them are observations");
  std::cout << "  " << observations.plan.access << ": " << observations.plan.rows_visited << " visited, "
            << observations.plan.rows_matched << " matched\n";

  std::cout << "\nthe first is rewritten; somebody else changes it in the meantime\n";
  bool disturbed = false;
  const int attempts = memory.revise(red, [&](std::string_view text) {
    if (!disturbed) {
      disturbed = true;
      memory.revise(red, [](std::string_view meanwhile) { return std::string(meanwhile) + ", since 9:00"; });
    }
    return std::string(text) + "; fixed";
  });
  print(memory.recall(red));
  expect(attempts == 2, "the rewriting was begun again once");
  expect(memory.recall(red).value["text"].as_string() == "the build is red, since 9:00; fixed", "both changes are in");

  std::cout << "\nwhat it said when the third was stored\n";
  const std::string then = memory.text_at(red, last.updated);
  std::cout << "  " << then << '\n';
  expect(then == "the build is red", "the past is as it was, asked by time");
  expect(memory.text_at(red, Position{first.version.value}) == then, "and by position");

  store.close();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const ScratchPlace scratch;
    live_through_a_day(argc > 1 ? argv[1] : scratch.url());
    std::cout << "\nall was as expected\n";
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "episodes: " << error.what() << '\n';
    return 1;
  }
}
