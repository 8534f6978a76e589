// Rows looked up many at a time: where the engine is far away, one by one would be a round trip for each.
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "commit/spaces.hpp"
#include "strata/engine.hpp"

namespace strata::operate {

class Lookups {
 public:
  /// The view is valid within the call alone; it must not call the reader.
  using Then = std::function<void(std::optional<bytes_view> row)>;

  explicit Lookups(engine::Reader& reader) : reader_(reader) {}

  /// `then` is called once, here or in a later call of add() or finish(), in the order of the calls of add().
  void add(commit::Space space, Bytes key, Then then) {
    wanted_.push_back({space, std::move(key), std::move(then)});
    if (wanted_.size() >= at_once) finish();
  }
  void finish() {
    std::vector<engine::Key> keys;
    keys.reserve(wanted_.size());
    for (const Wanted& one : wanted_) keys.push_back({one.space, one.key});
    reader_.get_many(keys, [&](std::size_t at, std::optional<bytes_view> row) { wanted_[at].then(row); });
    wanted_.clear();
  }

 private:
  static constexpr std::size_t at_once = 256;
  struct Wanted {
    commit::Space space;
    Bytes key;
    Then then;
  };

  engine::Reader& reader_;
  std::vector<Wanted> wanted_;
};

}  // namespace strata::operate
