#include "store/place.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "codec/head.hpp"
#include "commit/epoch.hpp"
#include "commit/trunk.hpp"
#include "engine/memory/memory_engine.hpp"
#include "platform/clock.hpp"
#include "platform/file.hpp"
#include "platform/lock.hpp"
#include "platform/random.hpp"
#include "strata/error.hpp"
#if STRATA_HAVE_LMDB
#include "engine/lmdb/lmdb_engine.hpp"
#endif
#if STRATA_HAVE_SQLITE
#include "engine/sqlite/sqlite_engine.hpp"
#endif
#if STRATA_HAVE_ROCKSDB
#include "engine/rocksdb/rocksdb_engine.hpp"
#endif
#if STRATA_HAVE_POSTGRES
#include "engine/postgres/postgres_engine.hpp"
#endif
#if STRATA_HAVE_DUCKDB
#include "engine/duckdb/duckdb_engine.hpp"
#endif

namespace strata::store {
namespace {

constexpr std::string_view default_engine = "lmdb";
constexpr std::uint64_t opener_byte = 64;  // of `lock`; the write gate uses the first bytes
constexpr auto opener_wait = std::chrono::seconds(30);

void register_built_in_engines() {
  static const bool once = [] {
    engine::register_memory_engine();
#if STRATA_HAVE_LMDB
    engine::register_lmdb_engine();
#endif
#if STRATA_HAVE_SQLITE
    engine::register_sqlite_engine();
#endif
#if STRATA_HAVE_ROCKSDB
    engine::register_rocksdb_engine();
#endif
#if STRATA_HAVE_POSTGRES
    engine::register_postgres_engine();
#endif
#if STRATA_HAVE_DUCKDB
    engine::register_duckdb_engine();
#endif
    return true;
  }();
  static_cast<void>(once);
}

/// Whether the location is a server, not a directory.
bool is_remote(std::string_view scheme) { return scheme == "postgres"; }

std::string signpost_path(const std::string& directory) { return platform::join(directory, "STRATA"); }

commit::Birth new_birth() { return {platform::make_uuid(), platform::random_u64() | 1}; }

/// What may lie in a directory where making a store was interrupted, or where another process is making one.
bool is_ours(const std::string& name) {
  return name == "lock" || name == "engine" || name == "run" || name == "views" || name == "STRATA";
}

void check_empty(const std::string& directory) {
  for (const std::string& name : platform::list_directory(directory)) {
    if (is_ours(name) || name.starts_with("STRATA.")) continue;
    throw Error(ErrorCode::invalid_argument, directory + " is no Strata store, and holds other files (`" + name +
                                                 "`); choose an empty or new directory");
  }
}

void check_file_system(const std::string& directory, const OpenOptions& options) {
  if (options.allow_network_file_system) return;
  if (const auto network = platform::network_file_system(directory)) {
    throw Error(ErrorCode::unsupported,
                directory + " lies on a network file system (" + *network +
                    "), whose locks cannot be trusted; use a local disk, or a postgres: store for many machines");
  }
}

/// Held while a store is being made, so that two who begin at once make one store.
class Opener {
 public:
  explicit Opener(const std::string& directory) : lock_(platform::join(directory, "lock"), opener_byte) {
    const auto until = platform::steady_now() + opener_wait;
    while (!lock_.try_acquire(platform::FileLock::Kind::exclusive)) {
      if (platform::steady_now() >= until) {
        throw Error(ErrorCode::busy,
                    "another process has been opening " + directory + " for 30 s; try again, or end that process");
      }
      platform::sleep_until(platform::steady_now() + std::chrono::milliseconds(2));
    }
  }

 private:
  platform::FileLock lock_;
};

engine::OpenRequest request_for(const Url& url, const std::string& directory, const Signpost& signpost,
                                const OpenOptions& options) {
  engine::OpenRequest request;
  request.directory = platform::join(platform::join(directory, "engine"), std::to_string(signpost.generation));
  request.store_directory = directory;
  request.location = directory;
  request.parameters = url.parameters;
  request.read_only = options.read_only;
  return request;
}

std::unique_ptr<engine::Engine> open_signposted(const Url& url, const std::string& directory, const Signpost& signpost,
                                                const OpenOptions& options) {
  if (!url.scheme.empty() && url.scheme != signpost.engine) {
    throw Error(ErrorCode::unsupported, "the store in " + directory + " was made with engine " + signpost.engine +
                                            ", not " + url.scheme + "; open it as " + signpost.engine + ":" +
                                            directory);
  }
  const engine::OpenRequest request = request_for(url, directory, signpost, options);
  const auto known = engine::engine_schemes();
  const bool built_in = std::find(known.begin(), known.end(), signpost.engine) != known.end();
  if (built_in && !platform::is_directory(request.directory)) {
    throw Error(ErrorCode::corruption, request.directory + " is missing; restore a backup");
  }
  auto engine = engine::open_engine(signpost.engine, request);
  const auto snapshot = engine->snapshot();
  const auto head = snapshot->get(engine::head_key);
  if (!head) {
    throw Error(ErrorCode::corruption, "the engine files in " + directory + " hold no store; restore a backup");
  }
  const codec::Head decoded = codec::decode_head(*head);
  // A copy gives its target another id first in the head, then in the signpost.
  if (decoded.store_id != signpost.store_id && decoded.epoch != commit::filling_epoch) {
    throw Error(ErrorCode::corruption, "the engine files in " + directory + " belong to another store than " +
                                           signpost_path(directory) + " says; restore a backup");
  }
  return engine;
}

std::unique_ptr<engine::Engine> make_store(const Url& url, const std::string& directory, const OpenOptions& options) {
  Signpost signpost;
  signpost.format = codec::format_version;
  signpost.engine = url.scheme.empty() ? std::string(default_engine) : url.scheme;
  const engine::OpenRequest request = request_for(url, directory, signpost, options);
  platform::make_directories(request.directory);
  platform::make_directories(platform::join(directory, "run"));
  auto engine = engine::open_engine(signpost.engine, request);
  commit::Trunk::create(*engine, new_birth(), platform::steady_now() + opener_wait);
  // The head may be that of an interrupted attempt: its id counts. The signpost comes last: with it the store exists.
  signpost.store_id = codec::decode_head(*engine->snapshot()->get(engine::head_key)).store_id;
  platform::replace_file(signpost_path(directory), encode_signpost(signpost));
  return engine;
}

Opened open_memory(const Url& url, const OpenOptions& options) {
  engine::OpenRequest request;
  request.location = url.location;
  request.parameters = url.parameters;
  Opened opened{engine::open_engine(url.scheme, request), "memory:" + url.location, {}};
  commit::Trunk::create(*opened.engine, new_birth(), platform::steady_now() + options.commit_timeout);
  return opened;
}

/// A store on a server has no directory: its id is in its head, and the server guards against two that make it at once.
Opened open_remote(const Url& url, const OpenOptions& options) {
  engine::OpenRequest request;
  request.location = url.location;
  request.parameters = url.parameters;
  request.read_only = options.read_only;
  request.create = options.create;
  Opened opened{engine::open_engine(url.scheme, request), without_secrets(url), {}};
  if (commit::Trunk::read_head(*opened.engine)) return opened;
  if (!options.create || options.read_only) {
    throw Error(ErrorCode::not_found,
                "there is no store at " + opened.url + "; a first `strata put` or `strata import` makes one");
  }
  commit::Trunk::create(*opened.engine, new_birth(), platform::steady_now() + opener_wait);
  return opened;
}

}  // namespace

std::string encode_signpost(const Signpost& signpost) {
  return "strata " + std::to_string(signpost.format) + "\nid " + signpost.store_id.to_string() + "\nengine " +
         signpost.engine + "\ngeneration " + std::to_string(signpost.generation) + "\n";
}

Signpost decode_signpost(const std::string& path, std::string_view text) {
  const auto damaged = [&] {
    return Error(ErrorCode::corruption, path + " is damaged or no Strata store; restore a backup");
  };
  std::istringstream in{std::string(text)};
  in.exceptions(std::ios::badbit);  // no memory is no damage
  std::string strata, format, id_word, id, engine_word, generation_word;
  Signpost signpost;
  if (!(in >> strata >> format) || strata != "strata") throw damaged();
  const auto read = std::from_chars(format.data(), format.data() + format.size(), signpost.format);
  if (read.ec != std::errc() || read.ptr != format.data() + format.size()) throw damaged();
  if (signpost.format > codec::format_version) {
    throw Error(ErrorCode::unsupported, path + ": the store has format " + std::to_string(signpost.format) +
                                            ", this version of Strata reads up to " +
                                            std::to_string(codec::format_version) + "; use a newer version");
  }
  if (!(in >> id_word >> id >> engine_word >> signpost.engine >> generation_word >> signpost.generation))
    throw damaged();
  const auto store_id = Uuid::parse(id);
  if (!store_id || id_word != "id" || engine_word != "engine" || generation_word != "generation") throw damaged();
  signpost.store_id = *store_id;
  if (encode_signpost(signpost) != text) throw damaged();
  return signpost;
}

void set_store_id(const std::string& directory, const Uuid& store_id) {
  const std::string path = signpost_path(directory);
  const auto text = platform::read_file(path);
  if (!text) throw Error(ErrorCode::corruption, path + " is missing; restore a backup");
  Signpost signpost = decode_signpost(path, *text);
  if (signpost.store_id == store_id) return;
  signpost.store_id = store_id;
  platform::replace_file(path, encode_signpost(signpost));
}

Opened open_place(const Url& url, const OpenOptions& options) {
  register_built_in_engines();
  if (url.scheme == "memory") return open_memory(url, options);
  if (!url.scheme.empty()) {
    const auto known = engine::engine_schemes();
    if (std::find(known.begin(), known.end(), url.scheme) == known.end())
      engine::open_engine(url.scheme, {});  // says so
  }
  if (is_remote(url.scheme)) return open_remote(url, options);
  const std::string directory = platform::absolute_path(url.location);
  if (platform::exists(directory) && !platform::is_directory(directory)) {
    throw Error(ErrorCode::invalid_argument, directory + " is a file, not the directory of a store; choose another");
  }
  const auto existing = platform::read_file(signpost_path(directory));
  if (!existing) {
    if (!options.create || options.read_only) {
      throw Error(ErrorCode::not_found,
                  "there is no store at " + directory + "; a first `strata put` or `strata import` makes one");
    }
    if (platform::exists(directory)) check_empty(directory);
    platform::make_directories(directory);
  }
  check_file_system(directory, options);
  Opened opened{nullptr, {}, directory};
  std::string engine_name;
  if (existing) {
    const Signpost signpost = decode_signpost(signpost_path(directory), *existing);
    opened.engine = open_signposted(url, directory, signpost, options);
    engine_name = signpost.engine;
  } else {
    const Opener opener(directory);
    if (const auto meanwhile = platform::read_file(signpost_path(directory))) {
      opened.engine = open_signposted(url, directory, decode_signpost(signpost_path(directory), *meanwhile), options);
    } else {
      opened.engine = make_store(url, directory, options);
    }
    engine_name = opened.engine->capabilities().name;
  }
  opened.url = engine_name + ":" + directory;
  return opened;
}

}  // namespace strata::store
