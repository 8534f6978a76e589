#include "engine/sqlite/connection.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <exception>
#include <utility>

#include "engine/sqlite/sqlite_error.hpp"
#include "platform/file.hpp"

namespace strata::engine::sqlite {
namespace {

constexpr std::chrono::milliseconds busy_poll{1};
constexpr int vacuum_steps_between_questions = 100'000;

std::string table_of(SpaceGroup group) { return "g" + std::to_string(static_cast<int>(group)); }

/// Groups whose values may be large lie in a table by row number with an index beside it: in a table that is its own
/// index every value beyond a quarter of a page gets pages of its own, and rows at random keys dirty more of them.
bool by_row_number(SpaceGroup group) {
  return group == SpaceGroup::record || group == SpaceGroup::events || group == SpaceGroup::history;
}

std::string text_of(Query query, SpaceGroup group) {
  const std::string table = table_of(group);
  const std::string range = " FROM " + table + " WHERE k>=?1 AND k<?2";
  switch (query) {
    case Query::get:
      return "SELECT v FROM " + table + " WHERE k=?1";
    case Query::put:
      if (!by_row_number(group)) return "REPLACE INTO " + table + "(k,v) VALUES(?1,?2)";
      return "INSERT INTO " + table + "(k,v) VALUES(?1,?2) ON CONFLICT(k) DO UPDATE SET v=excluded.v";
    case Query::erase:
      return "DELETE FROM " + table + " WHERE k=?1";
    case Query::erase_range:
      return "DELETE" + range;
    case Query::scan:
      return "SELECT k,v" + range + " ORDER BY k";
    case Query::scan_reverse:
      return "SELECT k,v" + range + " ORDER BY k DESC";
    case Query::scan_keys:
      return "SELECT k" + range + " ORDER BY k";
    case Query::scan_keys_reverse:
      return "SELECT k" + range + " ORDER BY k DESC";
  }
  return {};
}

/// Finalizer of MurmurHash3 (public domain, A. Appleby).
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 33)) * 0xFF51AFD7ED558CCDu;
  x = (x ^ (x >> 33)) * 0xC4CEB9FE1A85EC53u;
  return x ^ (x >> 33);
}

}  // namespace

std::string table_definition(SpaceGroup group) {
  const std::string head = "CREATE TABLE IF NOT EXISTS " + table_of(group);
  if (by_row_number(group)) return head + "(k BLOB NOT NULL UNIQUE, v BLOB NOT NULL)";
  return head + "(k BLOB NOT NULL PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID";
}

Statement::Statement(Connection& connection, Query query, SpaceGroup group)
    : connection_(&connection), statement_(connection.take(query, group)), query_(query), group_(group) {}

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_),
      statement_(std::exchange(other.statement_, nullptr)),
      query_(other.query_),
      group_(other.group_) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  connection_ = other.connection_;
  statement_ = std::exchange(other.statement_, nullptr);
  query_ = other.query_;
  group_ = other.group_;
  return *this;
}

void Statement::give_back() noexcept {
  if (statement_ != nullptr) connection_->give_back(query_, group_, std::exchange(statement_, nullptr));
}

void Statement::bind(int index, bytes_view value) {
  // A null pointer would bind NULL; an empty value is none.
  const char* bytes = value.empty() ? "" : value.data();
  const int code = sqlite3_bind_blob64(statement_, index, bytes, value.size(), SQLITE_STATIC);
  if (code != SQLITE_OK) connection_->fail(code, "bind a value");
}

bool Statement::step(std::string_view operation) {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  connection_->fail(code, operation);
}

bytes_view Statement::column(int index) const {
  const void* bytes = sqlite3_column_blob(statement_, index);
  const int size = sqlite3_column_bytes(statement_, index);
  if (bytes == nullptr) {
    if (sqlite3_errcode(sqlite3_db_handle(statement_)) == SQLITE_NOMEM) connection_->fail(SQLITE_NOMEM, "read a value");
    return bytes_view("");
  }
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

Connection::Connection(const ConnectionOptions& options) : place_(options.place), patience_(options.patience) {
  try {
    open(options);
    configure(options);
  } catch (...) {
    close();
    throw;
  }
}

Connection::~Connection() {
  if (!bond_.inherited()) close();
}

void Connection::open(const ConnectionOptions& options) {
  const int access = options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  const int flags = access | (options.create ? SQLITE_OPEN_CREATE : 0) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(options.path.c_str(), &database_, flags, nullptr);
  if (code != SQLITE_OK) fail(code, "open the database");
}

void Connection::configure(const ConnectionOptions& options) {
  sqlite3_busy_handler(database_, &Connection::wait_while_busy, this);
  sqlite3_wal_autocheckpoint(database_, 0);
  sqlite3_wal_hook(
      database_,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Connection*>(self)->wal_pages_ = static_cast<std::uint64_t>(pages);
        return SQLITE_OK;
      },
      this);
  sqlite3_db_config(database_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // NORMAL syncs at checkpoints alone. The sync of a commit is made by the one who commits, after the write lock.
  execute("PRAGMA page_size=" + std::to_string(page_bytes) + "; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-" +
              std::to_string(options.cache_bytes >> 10) + "; PRAGMA mmap_size=" + std::to_string(options.mmap_bytes) +
              "; PRAGMA journal_size_limit=" + std::to_string(options.wal_bytes_kept),
          "configure the connection");
}

void Connection::close() noexcept {
  for (sqlite3_stmt* statement : {begin_, pin_, begin_write_, commit_, rollback_}) sqlite3_finalize(statement);
  for (Slot& slot : slots_) {
    for (sqlite3_stmt* statement : slot) sqlite3_finalize(statement);
    slot.clear();
  }
  sqlite3_close_v2(database_);
  database_ = nullptr;
}

int Connection::wait_while_busy(void* self, int count) {
  auto& connection = *static_cast<Connection*>(self);
  const platform::SteadyTime now = platform::steady_now();
  if (count == 0) {
    connection.busy_until_ = now + std::chrono::duration_cast<platform::SteadyTime::duration>(connection.patience_);
  }
  if (now >= connection.busy_until_) return 0;
  platform::sleep_until(std::min<platform::SteadyTime>(now + busy_poll, connection.busy_until_));
  return 1;
}

void Connection::execute(const std::string& sql, std::string_view operation) {
  const int code = sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code, operation);
}

std::int64_t Connection::number(const std::string& sql, std::string_view operation) {
  sqlite3_stmt* statement = prepare(sql, operation);
  const int code = sqlite3_step(statement);
  const std::int64_t value = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
  sqlite3_finalize(statement);
  if (code != SQLITE_ROW && code != SQLITE_DONE) fail(code, operation);
  return value;
}

void Connection::run(sqlite3_stmt*& statement, const char* sql, std::string_view operation) {
  if (statement == nullptr) statement = prepare(sql, operation);
  const int code = sqlite3_step(statement);
  sqlite3_reset(statement);
  if (code != SQLITE_DONE) fail(code, operation);
}

void Connection::begin_read() {
  run(begin_, "BEGIN", "begin a snapshot");
  try {
    run(pin_, "SELECT 1 FROM g0 LIMIT 0", "begin a snapshot");
  } catch (...) {
    rollback();
    throw;
  }
}

bool Connection::end_read() noexcept {
  try {
    run(commit_, "COMMIT", "end a snapshot");
  } catch (const std::exception&) {
    return false;
  }
  return true;
}

void Connection::begin_write() { run(begin_write_, "BEGIN IMMEDIATE", "begin to write"); }

void Connection::commit() { run(commit_, "COMMIT", "commit"); }

bool Connection::rollback() noexcept {
  if (sqlite3_get_autocommit(database_) != 0) return true;
  try {
    run(rollback_, "ROLLBACK", "roll back");
  } catch (const std::exception&) {
    return sqlite3_get_autocommit(database_) != 0;
  }
  return true;
}

std::uint64_t Connection::state_hash() const {
  sqlite3_snapshot* snapshot = nullptr;
  const int code = sqlite3_snapshot_get(database_, "main", &snapshot);
  if (code == SQLITE_ERROR) return 0;
  if (code != SQLITE_OK) fail(code, "name the snapshot");
  std::array<std::uint64_t, sizeof(sqlite3_snapshot) / sizeof(std::uint64_t)> words;
  std::memcpy(words.data(), snapshot, sizeof(words));
  sqlite3_snapshot_free(snapshot);
  std::uint64_t hash = words.size();
  for (const std::uint64_t word : words) hash = mixed(std::rotl(hash, 23) ^ word);
  return std::max<std::uint64_t>(hash, 2);
}

Connection::CheckpointResult Connection::checkpoint(bool restart) {
  int pages = 0;
  int copied = 0;
  const int mode = restart ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
  const int code = sqlite3_wal_checkpoint_v2(database_, "main", mode, &pages, &copied);
  const bool hindered = (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
  if (code != SQLITE_OK && !hindered) fail(code, "copy the write-ahead log into the database");
  CheckpointResult result;
  result.finished = code == SQLITE_OK && copied == pages;
  result.wal_pages = static_cast<std::uint64_t>(std::max(pages, 0));
  result.copied = static_cast<std::uint64_t>(std::max(copied, 0));
  return result;
}

bool Connection::vacuum(const std::function<bool()>& go_on) {
  struct Question {
    const std::function<bool()>& ask;
    std::exception_ptr thrown;
  } question{go_on, nullptr};
  sqlite3_progress_handler(
      database_, vacuum_steps_between_questions,
      [](void* asked) {
        auto& question = *static_cast<Question*>(asked);
        try {
          return question.ask() ? 0 : 1;
        } catch (...) {  // must not pass through C; rethrown below
          question.thrown = std::current_exception();
          return 1;
        }
      },
      &question);
  const int code = sqlite3_exec(database_, "VACUUM", nullptr, nullptr, nullptr);
  sqlite3_progress_handler(database_, 0, nullptr, nullptr);
  if (question.thrown) std::rethrow_exception(question.thrown);
  if (code == SQLITE_INTERRUPT) return false;
  if (code != SQLITE_OK) fail(code, "rewrite the database");
  return true;
}

void Connection::release_memory() noexcept { sqlite3_db_release_memory(database_); }

void Connection::keep_log_at_close() noexcept {
  sqlite3_db_config(database_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

void Connection::fail(int code, std::string_view operation) const {
  // An errno counts only where the operating system was asked.
  const int primary = code & 0xff;
  const bool of_system = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
  throw sqlite_error(code, of_system ? sqlite3_system_errno(database_) : 0, place_, operation);
}

sqlite3_stmt* Connection::prepare(const std::string& sql, std::string_view operation) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_, sql.c_str(), static_cast<int>(sql.size() + 1),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) fail(code, operation);
  return statement;
}

Connection::Slot& Connection::slot(Query query, SpaceGroup group) {
  return slots_[static_cast<std::size_t>(query) * space_groups + static_cast<std::size_t>(group)];
}

sqlite3_stmt* Connection::take(Query query, SpaceGroup group) {
  Slot& idle = slot(query, group);
  if (idle.empty()) {
    idle.reserve(idle.capacity() + 1);  // so that giving back needs no memory
    return prepare(text_of(query, group), "prepare a statement");
  }
  sqlite3_stmt* statement = idle.back();
  idle.pop_back();
  return statement;
}

void Connection::give_back(Query query, SpaceGroup group, sqlite3_stmt* statement) noexcept {
  if (bond_.inherited()) return;
  sqlite3_reset(statement);
  slot(query, group).push_back(statement);
}

}  // namespace strata::engine::sqlite
