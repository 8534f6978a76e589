// A copy of a whole store, as a follower of it that is an engine: the first fill, then what the log says changed
// meanwhile, until one position is reached; then everything is read back. docs/decisions/copy-by-fill.md says why so.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "commit/trunk.hpp"
#include "follow/copy_point.hpp"
#include "follow/mirror.hpp"
#include "strata/copy.hpp"

namespace strata::follow {

/// One call of copy(): it begins, or goes on with, a copy. One thread.
class Copying {
 public:
  /// Told the id that the target has from now on, before anything is copied; also when it goes on.
  using Named = std::function<void(const Uuid& store_id)>;
  Copying(commit::Trunk& from, commit::Trunk& to, const CopyOptions& options, engine::Progress* progress);

  CopyReport run(const Named& named);

 private:
  using Phase = CopyPoint::Phase;
  using Section = std::function<void(commit::Writer&, Mirror&)>;

  /// Rows read from the source that wait to be written, within a bound.
  struct Batch {
    std::vector<MirroredRow> rows;
    std::vector<EmptyRange> ranges;
    std::size_t bytes = 0;
  };
  /// What the log says changed, each key once.
  struct Changes {
    std::map<engine::Space, std::set<Bytes>> keys;
    std::vector<EmptyRange> ranges;  ///< Erased at some time; what is in them now is to be looked up.
    std::uint64_t count = 0;
    Position last;
    codec::Hash128 chain;
    bool catalogue = false;
  };
  using Keys = std::set<Bytes>;

  // copying.cpp
  void begin();
  void resume();
  void check_source();
  /// Runs one write section in the target, which stores the point with it.
  void write(const Section& work, Durability durability = Durability::relaxed);
  void advance(std::string_view phase, std::uint64_t done, std::uint64_t total);
  /// Makes the target's catalogue that of the view, within a write section.
  void mirror_catalogue(commit::View& view, commit::Writer& writer, Mirror& mirror);
  void drop_gone(const commit::Catalogue& now, Mirror& mirror);
  CopyReport finish();

  // copy_fill.cpp
  void start_fill();
  /// Copies the next range; false when there is none.
  bool fill_step();
  std::optional<engine::Space> next_space(const commit::Catalogue& source) const;
  std::uint64_t count_rows(commit::View& view) const;

  // copy_catch_up.cpp
  /// Takes over about so many changes, at least; true when the target is at one position of the source.
  bool catch_up_step(std::uint64_t changes_max);
  void catch_up();
  Changes read_changes(commit::View& view, std::uint64_t changes_max);
  void take_over(commit::View& view, const commit::CollectionDefinition& collection, const Keys& keys);
  void take_over_history(commit::View& view, const commit::CollectionDefinition& collection, const Bytes& key);
  void take_over_range(commit::View& view, const EmptyRange& range);
  void take_over_times(commit::View& view);
  void check_history(commit::View& view) const;
  void push(MirroredRow row);
  void flush();

  // copy_check.cpp
  bool check_step();
  void check_digest(const commit::Writer& writer) const;

  commit::Trunk& from_;
  commit::Trunk& to_;
  CopyOptions options_;
  engine::Progress* progress_;
  CopyPoint point_;
  Bytes stored_;                                        ///< The point as the target has it.
  std::shared_ptr<const commit::Catalogue> catalogue_;  ///< The target's.
  std::size_t unsynced_bytes_ = 0;
  std::uint64_t rows_expected_ = 0;
  std::size_t keys_at_once_ = 64;
  Batch batch_;
  CopyReport report_;
};

}  // namespace strata::follow
