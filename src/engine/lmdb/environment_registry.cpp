#include "engine/lmdb/environment_registry.hpp"

#include <algorithm>
#include <list>
#include <optional>

#include "platform/file.hpp"
#include "platform/file_identity.hpp"

namespace strata::engine {
namespace {

struct Entry {
  platform::FileIdentity data_file;  // compares rightly, for the environment keeps the file open
  std::unique_ptr<Environment> environment;
  std::size_t shares = 0;
};

/// A forked child begins with an empty one: it must neither use nor close what its parent has open, and may have
/// inherited the mutex locked.
struct Registry {
  ProcessBond bond;
  std::mutex mutex;
  std::list<Entry> entries;
};

Registry& registry() {
  static std::atomic<Registry*> current{new Registry};
  Registry* found = current.load(std::memory_order_acquire);
  while (found->bond.inherited()) {
    auto fresh = std::make_unique<Registry>();
    if (current.compare_exchange_strong(found, fresh.get(), std::memory_order_acq_rel)) found = fresh.release();
  }
  return *found;
}

std::string data_path(const std::string& directory) { return platform::join(directory, "data.mdb"); }

Entry* find_entry(Registry& registry, const std::string& directory) {
  if (!platform::exists(data_path(directory))) return nullptr;
  const platform::FileIdentity identity = platform::identity_of(data_path(directory));
  for (Entry& entry : registry.entries) {
    if (entry.data_file == identity) return &entry;
  }
  return nullptr;
}

}  // namespace

EnvironmentShare share_environment(const OpenRequest& request, const EnvironmentOptions& options) {
  Registry& shared = registry();
  std::scoped_lock lock(shared.mutex);
  if (Entry* entry = find_entry(shared, request.directory)) {
    entry->environment->check();
    if (!request.read_only) entry->environment->allow_writing(request.store_directory);
    ++entry->shares;
    return EnvironmentShare(entry->environment.get());
  }
  auto environment = std::make_unique<Environment>(request, options);
  if (!request.read_only) environment->allow_writing(request.store_directory);
  const auto identity = platform::identity_of(data_path(request.directory));
  shared.entries.push_back({identity, std::move(environment), 1});
  return EnvironmentShare(shared.entries.back().environment.get());
}

void EnvironmentRelease::operator()(Environment* environment) const noexcept {
  if (environment->inherited()) return;
  Registry& shared = registry();
  std::scoped_lock lock(shared.mutex);
  const auto entry = std::find_if(shared.entries.begin(), shared.entries.end(),
                                  [&](const Entry& candidate) { return candidate.environment.get() == environment; });
  if (entry != shared.entries.end() && --entry->shares == 0) shared.entries.erase(entry);
}

}  // namespace strata::engine
