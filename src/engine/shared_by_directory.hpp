// One shared object per directory and process: handles that name the same directory, by whatever path, share it.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/process_bond.hpp"
#include "platform/file_identity.hpp"

namespace strata::engine {

/// Keep one of these per type in a function-local static that is never destroyed.
template <typename Shared>
class SharedByDirectory {
 public:
  /// The object of the directory, made by `make` when there is none. The last handle to go destroys it, and an opener
  /// that comes meanwhile waits for that. What a parent process had open is none of ours: `make` runs.
  std::shared_ptr<Shared> open(const std::string& directory, const std::function<std::unique_ptr<Shared>()>& make) {
    const platform::FileIdentity identity = platform::identity_of(directory);
    std::unique_lock lock(mutex_);
    for (;;) {
      auto found = open_.find(identity);
      if (found == open_.end() || found->second.bond.inherited()) break;
      if (auto shared = found->second.shared.lock()) return shared;
      closed_.wait(lock);
    }
    // What may fail comes first: the holder tells the others of an end only once it holds something.
    const auto holder = std::make_shared<Holder>(*this, identity);
    std::unique_ptr<Shared> made = make();
    std::shared_ptr<Shared> shared(holder, made.get());
    open_.insert_or_assign(identity, Entry{shared, ProcessBond()});
    holder->object = std::move(made);
    return shared;
  }

 private:
  struct Holder {
    Holder(SharedByDirectory& all, const platform::FileIdentity& directory) : registry(all), identity(directory) {}
    ~Holder() {
      if (object) registry.close(identity, std::move(object));
    }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;
    SharedByDirectory& registry;
    platform::FileIdentity identity;
    std::unique_ptr<Shared> object;
  };

  struct Entry {
    std::weak_ptr<Shared> shared;
    ProcessBond bond;
  };

  void close(const platform::FileIdentity& identity, std::unique_ptr<Shared> last) {
    const bool ours = !last->inherited();
    last.reset();
    if (!ours) return;
    std::scoped_lock lock(mutex_);
    open_.erase(identity);
    closed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable closed_;
  std::map<platform::FileIdentity, Entry> open_;
};

}  // namespace strata::engine
