// Random transactions against a store, each written down.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "tests/history/history.hpp"

namespace strata::history {

/// How often what happened, so that a test can tell that it did happen.
struct Tally {
  std::size_t committed = 0;
  std::size_t only_read = 0;
  std::size_t abandoned = 0;
  std::size_t refused = 0;  ///< By a conflict, where nothing is run again.
  std::size_t declarations = 0;
  std::size_t through_index = 0;  ///< Scans that an index answered.
  Tally& operator+=(const Tally& other);
};

/// The collections that programs use; the last is dropped now and then.
extern const std::vector<std::string> collection_names;

/// One session: its transactions follow one another.
class Program {
 public:
  /// `number` differs from session to session.
  Program(Store& store, std::size_t number, std::uint64_t seed, std::function<void(const Done&)> note);

  /// Runs so many transactions, and declarations in between.
  Tally run(std::size_t transactions);

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool chance(std::uint64_t one_in) { return below(one_in) == 0; }
  std::string any_collection();
  std::string any_key();
  Content any_content();
  Question any_question();
  Done begin() const;
  void finish(Done done);

  void run_one();
  void transact();
  void commit_behind();
  void read_snapshot();
  void read_newest();
  void put_alone();
  void put_if_version();
  void declare();

  void read_step(Collection collection, Done& done);
  void write_step(Collection collection, Done& done);
  void steps(Transaction& transaction, Done& done);

  Store& store_;
  std::size_t number_;
  std::mt19937_64 random_;
  std::function<void(const Done&)> note_;
  Tally tally_;
  std::uint64_t stamps_ = 0;
};

/// Everything that is in the store now, as one transaction that read it.
Done read_all(const Store& store);
/// The log from the first position on.
std::vector<LogEntry> whole_log(const Store& store);

}  // namespace strata::history
