// The views that a process has opened of one store, and the thread that builds what is due.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "commit/trunk.hpp"
#include "view/adjacency.hpp"
#include "view/search_cache.hpp"
#include "view/text/text_index.hpp"
#include "view/vector/vector_builder.hpp"
#include "view/vector/vector_view.hpp"

namespace strata::view {

/// Thread-safe.
class Views : public commit::Companion {
 public:
  /// `place`: where they keep their files; an empty one: in memory. Asked once, when it is needed. Requires: the trunk
  /// outlives this.
  Views(commit::Trunk& trunk, std::function<std::string()> place);
  ~Views() override;
  /// The one that accompanies the trunk.
  static Views& of(const commit::Trunk& trunk);

  /// `closed`.
  std::shared_ptr<VectorView> vector(const std::string& collection, const std::string& field);
  std::shared_ptr<TextIndex> text(const std::string& collection, const TextOptions& options);

  /// Builds what `view` wants behind the caller's back, where the store may have a thread for that.
  void want_building(const std::shared_ptr<VectorView>& view);
  /// Builds here and now until nothing is left; false when `progress` stopped it. `busy` when another process has been
  /// at it for too long.
  bool build(VectorView& view, engine::Progress* progress);

  /// The field was dropped: its files go. Processes that still have them open go on with what they have.
  void forget_vector(const std::string& collection, const std::string& field);
  void forget_text(const std::string& collection, const std::string& name);
  /// The field has become what `by` was: so do its files.
  void replace_vector(const std::string& collection, const std::string& field, const std::string& by);

  OpenView open_view();
  SearchCache& search_cache() { return search_cache_; }
  Adjacency& adjacency() { return adjacency_; }
  void close() override;

 private:
  void work();
  bool stopping();
  /// Requires: mutex_ is held.
  const std::string& directory();

  commit::Trunk& trunk_;
  const std::function<std::string()> place_;
  std::mutex mutex_;
  std::optional<std::string> directory_;
  std::condition_variable changed_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<VectorView>> vectors_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<TextIndex>> texts_;
  struct Wanted {
    std::shared_ptr<VectorView> view;
    std::uint64_t stamp = 0;  ///< Of the manifest that is not good enough.
  };
  SearchCache search_cache_;
  Adjacency adjacency_;
  std::deque<Wanted> wanted_;
  std::thread builder_;
  bool stopping_ = false;
};

}  // namespace strata::view
