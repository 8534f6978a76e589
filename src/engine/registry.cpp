#include <mutex>

#include "strata/engine.hpp"
#include "strata/error.hpp"

namespace strata::engine {
namespace {

struct Registry {
  std::mutex mutex;
  std::map<std::string, Factory, std::less<>> factories;
};

Registry& registry() {
  static Registry instance;
  return instance;
}

}  // namespace

void register_engine(std::string_view scheme, Factory factory) {
  std::scoped_lock lock(registry().mutex);
  registry().factories.insert_or_assign(std::string(scheme), std::move(factory));
}

std::unique_ptr<Engine> open_engine(std::string_view scheme, const OpenRequest& request) {
  Factory factory;
  {
    std::scoped_lock lock(registry().mutex);
    auto found = registry().factories.find(scheme);
    if (found != registry().factories.end()) factory = found->second;
  }
  if (factory) return factory(request);

  std::string known;
  for (const std::string& name : engine_schemes()) known += (known.empty() ? "" : " ") + name + ":";
  throw Error(ErrorCode::unsupported,
              "no engine '" + std::string(scheme) + ":' in this build; it has " + (known.empty() ? "none" : known));
}

std::vector<std::string> engine_schemes() {
  std::scoped_lock lock(registry().mutex);
  std::vector<std::string> schemes;
  for (const auto& [scheme, factory] : registry().factories) schemes.push_back(scheme);
  return schemes;
}

}  // namespace strata::engine
