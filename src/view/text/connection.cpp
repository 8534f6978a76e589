#include "view/text/connection.hpp"

#include <chrono>
#include <new>
#include <utility>

#include "platform/clock.hpp"
#include "platform/file_status_calls.hpp"
#include "platform/process.hpp"
#include "view/text/ranking.hpp"

namespace strata::view::text {
namespace {

constexpr std::chrono::seconds busy_patience{1};
constexpr std::chrono::milliseconds busy_poll{1};

/// As every user of SQLite in the process does: what a forked child opens is never taken for what it inherited.
void prepare_library() {
  static const bool prepared = [] {
    sqlite3_vfs* const system = sqlite3_vfs_find(nullptr);
    if (system == nullptr) throw std::bad_alloc();  // SQLite starts whenever there is memory: it is tried again
    const platform::FileStatusCalls calls = platform::file_status_calls();
    return system->xSetSystemCall(system, "stat", calls.stat) == SQLITE_OK &&
           system->xSetSystemCall(system, "fstat", calls.fstat) == SQLITE_OK;
  }();
  if (!prepared) throw Error(ErrorCode::internal, "SQLite did not take its system calls; report this defect in Strata");
}

bool means_broken(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_ERROR:  // the statements are good for the tables that were made: these are others by now
      return true;
    default:
      return code == SQLITE_IOERR_SHORT_READ || code == SQLITE_READONLY_DBMOVED || code == SQLITE_CORRUPT_VTAB;
  }
}

struct Meaning {
  ErrorCode code;
  const char* remedy;
};

Meaning meaning_of(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {ErrorCode::io, "the disk is full: free some space"};
    case SQLITE_NOMEM:
      return {ErrorCode::io, "no memory: free some"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return {ErrorCode::busy, "another process is writing it: try again later"};
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return {ErrorCode::io, "see to the permissions of the file and its directory"};
    case SQLITE_IOERR:
      return {ErrorCode::io, "see to the disk"};
    case SQLITE_TOOBIG:
      return {ErrorCode::limit_exceeded, "it is too large for SQLite"};
    default:
      return {ErrorCode::internal, "this is a defect in Strata: please report it"};
  }
}

}  // namespace

Statement::Statement(Connection& connection, const std::string& sql)
    : connection_(connection), statement_(connection.take(sql)) {}

Statement::~Statement() {
  if (connection_.inherited()) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Statement& Statement::bind(int index, std::uint64_t number) {
  if (const int code = sqlite3_bind_int64(statement_, index, static_cast<sqlite3_int64>(number))) {
    connection_.fail(code);
  }
  return *this;
}

Statement& Statement::bind_blob(int index, bytes_view bytes) {
  // A null pointer would bind NULL; an empty value is none.
  const char* start = bytes.empty() ? "" : bytes.data();
  if (const int code = sqlite3_bind_blob64(statement_, index, start, bytes.size(), SQLITE_STATIC)) {
    connection_.fail(code);
  }
  return *this;
}

Statement& Statement::bind_text(int index, std::string_view text) {
  const char* start = text.empty() ? "" : text.data();
  if (const int code = sqlite3_bind_text64(statement_, index, start, text.size(), SQLITE_STATIC, SQLITE_UTF8)) {
    connection_.fail(code);
  }
  return *this;
}

Statement& Statement::bind_pointer(int index, void* pointer, const char* type) {
  if (const int code = sqlite3_bind_pointer(statement_, index, pointer, type, nullptr)) connection_.fail(code);
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  connection_.fail(code);
}

void Statement::reset() { sqlite3_reset(statement_); }

std::uint64_t Statement::number(int column) const {
  return static_cast<std::uint64_t>(sqlite3_column_int64(statement_, column));
}

double Statement::real(int column) const { return sqlite3_column_double(statement_, column); }

bytes_view Statement::bytes(int column) const {
  const void* const start = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (start == nullptr) return "";
  return {static_cast<const char*>(start), static_cast<std::size_t>(size)};
}

Connection::Connection(std::string path) : path_(std::move(path)), fork_generation_(platform::fork_generation()) {
  prepare_library();
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  try {
    if (const int code = sqlite3_open_v2(path_.c_str(), &database_, flags, nullptr)) fail(code);
    sqlite3_busy_handler(database_, &Connection::wait_while_busy, this);
    sqlite3_db_config(database_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(database_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    execute("PRAGMA cache_size=-2048");
    if (is_private()) {
      execute("PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF");
    } else {
      execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=8388608");
    }
    add_ranking(*this);
  } catch (...) {
    close();
    throw;
  }
}

Connection::~Connection() {
  if (!inherited()) close();
}

bool Connection::inherited() const { return platform::fork_generation() != fork_generation_; }

void Connection::close() noexcept {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  statements_.clear();
  sqlite3_close_v2(database_);
  database_ = nullptr;
}

int Connection::wait_while_busy(void* self, int count) {
  auto& connection = *static_cast<Connection*>(self);
  const platform::SteadyTime now = platform::steady_now();
  if (count == 0) connection.busy_until_ = (now + busy_patience).time_since_epoch().count();
  if (now.time_since_epoch().count() >= connection.busy_until_) return 0;
  platform::sleep_until(now + busy_poll);
  return 1;
}

void Connection::execute(const char* sql) {
  if (const int code = sqlite3_exec(database_, sql, nullptr, nullptr, nullptr)) fail(code);
}

void Connection::rollback() noexcept {
  if (database_ == nullptr || inherited() || !in_transaction()) return;
  for (const auto& [sql, statement] : statements_) sqlite3_reset(statement);
  sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr);
}

const Connection::Files& Connection::note_files() {
  try {
    if (!is_private()) {
      files_ = {platform::identity_of(path_), platform::identity_of(path_ + "-wal"),
                platform::identity_of(path_ + "-shm")};
    }
  } catch (const Error& error) {
    throw BrokenFile(std::string(error.what()) + "; the text index will be made anew");
  }
  return files_;
}

bool Connection::is_displaced() const {
  if (is_private()) return false;
  int moved = 0;
  return sqlite3_file_control(database_, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK || moved != 0;
}

bool Connection::lost_its_log() const {
  if (is_private()) return false;
  try {
    return platform::identity_of(path_ + "-wal") != files_.log ||
           platform::identity_of(path_ + "-shm") != files_.log_index;
  } catch (const Error&) {
    return true;
  }
}

void Connection::fail(int code) const {
  const std::string place = is_private() ? std::string("the text index") : "the text index " + path_;
  std::string message = place + ": " + sqlite3_errstr(code) + " (" + std::to_string(code);
  if (database_ != nullptr) message += std::string(", ") + sqlite3_errmsg(database_);
  message += "); ";
  if (means_broken(code)) throw BrokenFile(message + "it will be made anew");
  const Meaning meaning = meaning_of(code);
  throw Error(meaning.code, message + meaning.remedy);
}

sqlite3_stmt* Connection::take(const std::string& sql) {
  if (inherited()) {
    throw Error(ErrorCode::closed,
                "the text index was opened by the parent of this process; open the store again here");
  }
  const auto [place, fresh] = statements_.try_emplace(sql, nullptr);
  if (place->second == nullptr) {
    const int code = sqlite3_prepare_v3(database_, sql.c_str(), static_cast<int>(sql.size() + 1),
                                        SQLITE_PREPARE_PERSISTENT, &place->second, nullptr);
    if (code != SQLITE_OK) fail(code);
  }
  return place->second;
}

SqliteTransaction::SqliteTransaction(Connection& connection, Kind kind) : connection_(connection) {
  connection.execute(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN");
}

}  // namespace strata::view::text
