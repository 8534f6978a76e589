// Answers of searches that were asked before, each good for as long as the log says that nothing has changed which they
// depend on.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "commit/source.hpp"
#include "follow/view_point.hpp"
#include "strata/search.hpp"

namespace strata::view {

/// Thread-safe. Holds at most 16 MiB; what was not asked for the longest goes first.
class SearchCache {
 public:
  /// What an answer depends on besides its request.
  struct Ground {
    std::vector<engine::Space> spaces;  ///< Whose changes may change it.
    std::vector<std::uint64_t> stamps;  ///< Of the indexes that gave it: another one may find more.
    friend bool operator==(const Ground&, const Ground&) = default;
  };

  /// The answer that was kept for the request, if it is the answer at the state of the source too. Then it says that
  /// state's position.
  std::optional<SearchResult> find(const Bytes& request, commit::Source& source, const Ground& ground);
  /// Keeps an answer, unless it is large, incomplete, or not that of the source's state.
  void keep(const Bytes& request, commit::Source& source, Ground ground, const SearchResult& result);
  void clear();

 private:
  struct Entry {
    Bytes request;
    Ground ground;
    follow::ViewPoint point;  ///< The newest state for which it is known to be good.
    std::optional<Time> until;
    SearchResult result;
    std::size_t bytes = 0;
  };
  using Entries = std::list<Entry>;
  void drop(Entries::iterator entry);

  std::mutex mutex_;
  Entries entries_;  ///< The one asked for last stands first.
  std::unordered_map<Bytes, Entries::iterator> by_request_;
  std::size_t bytes_ = 0;
};

/// All that tells one request from another. `filter`: in its canonical form, so that times relative to now differ.
Bytes identity_of(std::string_view collection, const Search& request, std::string_view filter);

}  // namespace strata::view
