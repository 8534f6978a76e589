#include "engine/duckdb/duckdb_library.hpp"

#include <charconv>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "platform/file.hpp"
#include "strata/error.hpp"

namespace strata::engine::duck {
namespace {

constexpr const char* file_name = "libduckdb.so";
constexpr const char* variable = "STRATA_DUCKDB_LIBRARY";
constexpr int version_least[] = {1, 1};

std::vector<std::string> candidates() {
  const char* given = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nothing here sets the environment
  if (given != nullptr && *given != '\0') return {given};
  std::vector<std::string> paths;
  for (const char* directory : {STRATA_DUCKDB_BUILT_WITH, STRATA_DUCKDB_INSTALLED}) {
    std::string path = platform::join(directory, file_name);
    if (platform::exists(path)) paths.push_back(std::move(path));
  }
  paths.emplace_back(file_name);
  return paths;
}

platform::SharedLibrary open_file(std::string& path) {
  std::string reasons;
  for (const std::string& candidate : candidates()) {
    try {
      platform::SharedLibrary file(candidate);
      path = candidate;
      return file;
    } catch (const Error& error) {
      reasons += (reasons.empty() ? "" : "; ") + std::string(error.what());
    }
  }
  throw Error(ErrorCode::unsupported, "duckdb: needs " + std::string(file_name) +
                                          " of DuckDB 1.1 or later: put it where the loader looks, or set " + variable +
                                          " to its path (" + reasons + ")");
}

/// Of a text such as `v1.4.4`: whether it is at least the version that the engine was written for.
bool is_recent(std::string_view version) {
  if (version.starts_with('v')) version.remove_prefix(1);
  for (const int least : version_least) {
    int part = 0;
    const auto read = std::from_chars(version.data(), version.data() + version.size(), part);
    if (read.ec != std::errc()) return false;
    if (part != least) return part > least;
    version.remove_prefix(static_cast<std::size_t>(read.ptr - version.data()));
    if (version.starts_with('.')) version.remove_prefix(1);
  }
  return true;
}

}  // namespace

LoadedLibrary::LoadedLibrary() {
  std::string path;
  file_ = open_file(path);
  const auto remedy = std::string("; use DuckDB 1.1 or later, or set ") + variable + " to the path of one";
// NOLINTNEXTLINE(bugprone-macro-parentheses): the name is part of a longer one
#define STRATA_DUCKDB_LOAD(name)                                                                       \
  functions_.name = file_.function<std::remove_pointer_t<decltype(functions_.name)>>("duckdb_" #name); \
  if (functions_.name == nullptr) {                                                                    \
    throw Error(ErrorCode::unsupported, path + " has no function duckdb_" #name + remedy);             \
  }
  STRATA_DUCKDB_FUNCTIONS(STRATA_DUCKDB_LOAD)
#undef STRATA_DUCKDB_LOAD
  const std::string version = functions_.library_version();
  if (!is_recent(version)) throw Error(ErrorCode::unsupported, path + " is DuckDB " + version + remedy);
}

const Library& library() {
  static std::mutex mutex;
  static auto* const loaded =
      new std::optional<LoadedLibrary>;  // threads and handles of the library may outlive statics
  const std::scoped_lock lock(mutex);
  if (!*loaded) loaded->emplace();
  return (*loaded)->functions();
}

}  // namespace strata::engine::duck
