#include "engine/duckdb/database.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/duckdb/duckdb_error.hpp"
#include "platform/file.hpp"
#include "platform/process.hpp"
#include "strata/error.hpp"

namespace strata::engine::duck {
namespace {

constexpr std::uint64_t layout_version = 1;
constexpr std::size_t idle_connections_max = 16;
constexpr std::size_t idle_connections_kept = 4;
constexpr std::size_t repack_pages = 256;
/// New pages of a commit are kept in the cache as long as they are few.
constexpr std::size_t cached_pages_max = 64;
constexpr auto compact_patience = std::chrono::seconds(30);

constexpr const char* definition =
    "BEGIN TRANSACTION;"
    "CREATE TABLE pages(id UBIGINT NOT NULL, first BLOB NOT NULL, body BLOB NOT NULL);"
    "CREATE TABLE state(layout UBIGINT NOT NULL, commits UBIGINT NOT NULL);"
    "INSERT INTO state VALUES (1, 1);"
    "COMMIT;"
    "CHECKPOINT";

/// Settings of DuckDB. What is closed here cannot be opened again by a statement.
class Configuration {
 public:
  Configuration() {
    if (library().create_config(&config_) != DuckDBSuccess) throw std::bad_alloc();
  }
  ~Configuration() { library().destroy_config(&config_); }
  Configuration(const Configuration&) = delete;
  Configuration& operator=(const Configuration&) = delete;

  /// A setting that this version does not know is left as it is.
  void set(const char* name, const std::string& value) { library().set_config(config_, name, value.c_str()); }
  duckdb_config get() const { return config_; }

 private:
  duckdb_config config_ = nullptr;
};

std::uint64_t sum(Connection& connection, const char* sql) { return connection.number(sql, "read the statistics"); }

}  // namespace

Database::Database(const OpenRequest& request, const DatabaseOptions& options)
    : directory_(request.directory),
      path_(platform::join(request.directory, "strata.duckdb")),
      place_("duckdb:" + request.directory),
      read_only_(request.read_only),
      cache_(options.cache_bytes) {
  static_cast<void>(library());
  if (read_only_ && !platform::exists(path_)) {
    throw Error(ErrorCode::not_found, place_ + ": there is no store here; open it for writing once to make one");
  }
  occupant_ =
      std::make_unique<Occupant>(directory_, place_, OccupantOptions{.engine = "DuckDB", .read_only = read_only_});
  try {
    if (!platform::exists(path_)) create(options);
    open(path_, options);
    writer_ = connect();
    recognise(*writer_);
    load_directory(*writer_);
  } catch (...) {
    close();
    throw;
  }
}

Database::~Database() {
  if (inherited()) {
    static_cast<void>(writer_.release());  // its threads and locks are the parent's
    for (auto& connection : connections_) static_cast<void>(connection.release());
    return;
  }
  latest_.reset();
  if (!poisoned_ && !read_only_) {
    try {
      writer_->execute("CHECKPOINT", "close");
    } catch (const std::exception& error) {
      poison(error.what());  // what is not in the tables yet stays in the log
    }
  }
  close();
}

void Database::close() noexcept {
  idle_.clear();
  connections_.clear();
  writer_.reset();
  if (database_ != nullptr) library().close(&database_);
}

/// Makes the file under another name, so that under its own there is never half a database.
void Database::create(const DatabaseOptions& options) {
  const std::string fresh = path_ + ".new";
  for (const char* end : {"", ".wal", ".tmp"}) platform::remove_tree(fresh + end);
  open(fresh, options);
  connect()->execute(definition, "make the database");
  close();
  platform::rename_file(fresh, path_);
}

void Database::open(const std::string& path, const DatabaseOptions& options) {
  Configuration configuration;
  configuration.set("access_mode", read_only_ ? "READ_ONLY" : "READ_WRITE");
  configuration.set("threads", std::to_string(options.threads));
  configuration.set("memory_limit", std::to_string(options.memory_bytes) + "B");
  configuration.set("enable_external_access", "false");
  configuration.set("autoinstall_known_extensions", "false");
  configuration.set("autoload_known_extensions", "false");
  configuration.set("preserve_insertion_order", "true");
  char* reason = nullptr;
  if (library().open_ext(path.c_str(), &database_, configuration.get(), &reason) == DuckDBSuccess) return;
  const std::string text = reason != nullptr ? reason : "no reason was given";
  library().free(reason);
  database_ = nullptr;
  throw duckdb_error(text, place_, "open the database");
}

void Database::recognise(Connection& connection) {
  // A write that failed must not be taken for done when the file is closed: the log stays as it lies.
  connection.execute("PRAGMA disable_checkpoint_on_shutdown", "set up the database");
  const std::uint64_t ours = connection.number(
      "SELECT count(*)::UBIGINT FROM duckdb_tables() WHERE table_name IN ('pages', 'state')", "read the schema");
  if (ours != 2) {
    throw Error(ErrorCode::unsupported, path_ + " is a database of another program; open another directory");
  }
  const std::uint64_t layout = connection.number("SELECT max(layout) FROM state", "read the state");
  if (layout == layout_version) return;
  throw Error(ErrorCode::unsupported,
              place_ + ": its layout " + std::to_string(layout) + " is newer than this program; use a newer Strata");
}

void Database::load_directory(Connection& connection) {
  std::vector<PageEntry> entries;
  connection.first_keys([&](std::uint64_t id, bytes_view first) {
    entries.push_back({Bytes(first), id});
    next_id_ = std::max(next_id_, id + 1);
  });
  std::sort(entries.begin(), entries.end(), [](const PageEntry& a, const PageEntry& b) { return a.first < b.first; });
  for (std::size_t i = 1; i < entries.size(); ++i) {
    if (entries[i - 1].first != entries[i].first) continue;
    throw Error(ErrorCode::corruption,
                place_ + ": two pages begin with one key: run `strata verify`, restore a backup");
  }
  published_ = {PageDirectory(std::move(entries)), connection.commits()};
}

void Database::poison(const std::string& reason) noexcept {
  const std::scoped_lock lock(reason_mutex_);
  if (poisoned_) return;
  try {
    reason_ = reason;
  } catch (const std::bad_alloc&) {
    reason_.clear();
  }
  poisoned_.store(true, std::memory_order_release);
}

void Database::refuse() const {
  if (inherited()) {
    throw Error(ErrorCode::closed, place_ +
                                       " was opened by the parent of this process, and DuckDB does not survive "
                                       "fork(); close it there, and start a program that opens it itself");
  }
  const std::scoped_lock lock(reason_mutex_);
  throw Error(ErrorCode::io, place_ +
                                 " is stopped since a write failed; close it everywhere in this process and open it "
                                 "again. The failure: " +
                                 reason_);
}

Connection& Database::borrow() {
  {
    const std::scoped_lock lock(pool_mutex_);
    if (!idle_.empty()) {
      Connection* const connection = idle_.back();
      idle_.pop_back();
      return *connection;
    }
  }
  auto made = connect();
  Connection& connection = *made;
  const std::scoped_lock lock(pool_mutex_);
  connections_.push_back(std::move(made));
  idle_.reserve(connections_.size());  // so that giving back needs no memory
  return connection;
}

void Database::drop(const Connection& connection) noexcept {
  std::unique_ptr<Connection> dropped;
  const std::scoped_lock lock(pool_mutex_);
  const auto found = std::find_if(connections_.begin(), connections_.end(),
                                  [&](const auto& candidate) { return candidate.get() == &connection; });
  if (found == connections_.end()) return;
  dropped = std::move(*found);
  connections_.erase(found);
}

/// Requires: state_mutex_.
std::optional<Database::State> Database::state_of(std::uint64_t commits) const {
  if (published_.commits == commits) return published_;
  if (committing_ && committing_->commits == commits) return committing_;
  return std::nullopt;
}

std::shared_ptr<View> Database::begin_read() {
  check();
  {
    const std::scoped_lock lock(state_mutex_);
    if (latest_) return latest_;
  }
  Connection& connection = borrow();
  try {
    for (;;) {
      connection.begin();
      const std::uint64_t commits = connection.commits();
      std::unique_lock lock(state_mutex_);
      if (auto state = state_of(commits)) {
        auto view = std::make_shared<View>(*this, connection, std::move(state->directory), commits);
        // While a commit is under way an idle transaction would be in the way of its checkpoint.
        if (published_.commits == commits && !committing_ && !latest_) latest_ = view;
        return view;
      }
      lock.unlock();
      check();
      if (!connection.rollback()) {
        throw Error(ErrorCode::io, place_ + ": could not end a transaction; close and open the store again");
      }
    }
  } catch (...) {
    connection.rollback();
    drop(connection);
    throw;
  }
}

void Database::end_read(Connection& connection) noexcept {
  if (inherited()) return;
  if (connection.rollback()) {
    const std::scoped_lock lock(pool_mutex_);
    if (idle_.size() < idle_connections_max) {
      idle_.push_back(&connection);
      return;
    }
  }
  drop(connection);
}

void Database::begin_write(Deadline deadline) {
  check();
  if (!writers_.enter(deadline)) {
    throw Error(ErrorCode::busy, place_ + ": another thread is writing; try again later, or with a later deadline");
  }
  if (!poisoned_) return;
  writers_.leave();
  refuse();
}

void Database::abandon() noexcept {
  if (!inherited()) writers_.leave();
}

void Database::commit(std::shared_ptr<View> view, const Overlay& overlay) {
  try {
    if (!overlay.empty()) write(std::move(view), [&](PageRewrite& rewrite) { rewrite.apply(overlay); });
  } catch (...) {
    writers_.leave();
    throw;
  }
  writers_.leave();
}

/// Replaces pages in one transaction of DuckDB, which is on disk when COMMIT returns. Requires: the turn to write.
void Database::write(std::shared_ptr<View> view, const std::function<void(PageRewrite&)>& rewrite) {
  try {
    State next;
    next.commits = view->commits() + 1;
    writer_->begin();
    write_pages(*view, rewrite, next);
    writer_->set_commits(next.commits);
    std::shared_ptr<View> released;
    {
      const std::scoped_lock lock(state_mutex_);
      committing_ = next;
      released = std::move(latest_);
    }
    released.reset();
    view.reset();
    writer_->commit();
    const std::scoped_lock lock(state_mutex_);
    published_ = std::move(next);
    committing_.reset();
    latest_.reset();
  } catch (const std::exception& error) {
    poison(error.what());
    writer_->rollback();
    throw Error(ErrorCode::io, error.what());
  }
}

void Database::write_pages(View& view, const std::function<void(PageRewrite&)>& rewrite, State& next) {
  PageInsertion insertion(*writer_);
  std::size_t pages = 0;
  PageRewrite changes(view, next_id_, [&](NewPage page) {
    insertion.add(page.id, page.first, page.body);
    if (++pages <= cached_pages_max) cache_.keep(page.id, Page::parse(std::move(page.body)));
  });
  rewrite(changes);
  insertion.finish();
  writer_->erase(changes.stale());
  next.directory = changes.directory();
}

void Database::maintain() {
  check();
  std::vector<std::unique_ptr<Connection>> surplus;
  const std::scoped_lock lock(pool_mutex_);
  while (idle_.size() > idle_connections_kept) {
    Connection* const oldest = idle_.front();
    idle_.erase(idle_.begin());
    const auto found = std::find_if(connections_.begin(), connections_.end(),
                                    [&](const auto& candidate) { return candidate.get() == oldest; });
    surplus.push_back(std::move(*found));
    connections_.erase(found);
  }
}

void Database::compact(Progress& progress) {
  check();
  repack(progress);
}

/// Packs some pages anew. Where to go on; nothing when that was the end.
std::optional<Bytes> Database::repack_from(bytes_view from) {
  begin_write(std::chrono::steady_clock::now() + compact_patience);
  try {
    std::optional<Bytes> next;
    auto view = begin_read();
    if (!view->directory().empty()) {
      write(std::move(view), [&](PageRewrite& rewrite) { next = rewrite.repack(from, repack_pages); });
    }
    writers_.leave();
    return next;
  } catch (...) {
    writers_.leave();
    throw;
  }
}

/// Twice at most: the first pass writes behind the rows that it replaces, the second into the room of those, so that
/// the end of the file falls free.
void Database::repack(Progress& progress) {
  for (const char* phase : {"pack rows", "move them to the front"}) {
    const std::uint64_t pages = begin_read()->directory().pages();
    std::uint64_t done = 0;
    for (std::optional<Bytes> from = Bytes(); from; done += repack_pages) {
      if (!progress.advance(phase, std::min(done, pages), pages)) return;
      from = repack_from(*from);
    }
    progress.advance(phase, pages, pages);
    checkpoint(phase);
  }
}

void Database::checkpoint(std::string_view phase) {
  begin_write(std::chrono::steady_clock::now() + compact_patience);
  try {
    std::shared_ptr<View> released;
    {
      const std::scoped_lock lock(state_mutex_);
      released = std::move(latest_);
    }
    released.reset();
    writer_->execute("CHECKPOINT", phase);
  } catch (const Error& error) {
    poison(error.what());
    writers_.leave();
    throw;
  }
  writers_.leave();
}

EngineStatistics Database::statistics() {
  check();
  EngineStatistics statistics;
  Connection& connection = borrow();
  try {
    const std::uint64_t block = sum(connection, "SELECT block_size::UBIGINT FROM pragma_database_size()");
    const std::uint64_t used = sum(connection, "SELECT used_blocks::UBIGINT FROM pragma_database_size()");
    const std::uint64_t free = sum(connection, "SELECT free_blocks::UBIGINT FROM pragma_database_size()");
    statistics.live_bytes = block * used;
    statistics.free_bytes = block * free;
  } catch (...) {
    drop(connection);
    throw;
  }
  end_read(connection);
  statistics.file_bytes = platform::tree_bytes(directory_);
  statistics.readers = snapshots_;
  if (statistics.readers > 0) statistics.oldest_reader_process = platform::process_id();
  const std::scoped_lock lock(state_mutex_);
  statistics.details["commits"] = std::to_string(published_.commits);
  statistics.details["pages"] = std::to_string(published_.directory.pages());
  statistics.details["cached_bytes"] = std::to_string(cache_.bytes());
  return statistics;
}

}  // namespace strata::engine::duck
