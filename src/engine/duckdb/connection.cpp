#include "engine/duckdb/connection.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/duckdb/duckdb_error.hpp"

namespace strata::engine::duck {
namespace {

/// Up to here single statements cost less than one over a list.
constexpr std::size_t singles_max = 8;
constexpr std::size_t list_entries_max = 10'000;

class Result {
 public:
  Result() = default;
  ~Result() { library().destroy_result(&result_); }
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;
  duckdb_result& handle() { return result_; }
  const char* error() {
    const char* text = library().result_error(&result_);
    return text != nullptr ? text : "no reason was given";
  }

 private:
  duckdb_result result_ = {};
};

class Chunk {
 public:
  explicit Chunk(duckdb_result result) : chunk_(library().fetch_chunk(result)) {}
  ~Chunk() {
    if (chunk_ != nullptr) library().destroy_data_chunk(&chunk_);
  }
  Chunk(const Chunk&) = delete;
  Chunk& operator=(const Chunk&) = delete;

  std::size_t size() const { return chunk_ == nullptr ? 0 : library().data_chunk_get_size(chunk_); }
  template <typename T>
  T* column(std::size_t number) const {
    return static_cast<T*>(library().vector_get_data(library().data_chunk_get_vector(chunk_, number)));
  }

 private:
  duckdb_data_chunk chunk_;
};

class IdList {
 public:
  explicit IdList(std::span<const std::uint64_t> ids) {
    std::vector<duckdb_value> values;
    values.reserve(ids.size());
    for (const std::uint64_t id : ids) values.push_back(library().create_uint64(id));
    duckdb_logical_type type = library().create_logical_type(DUCKDB_TYPE_UBIGINT);
    list_ = library().create_list_value(type, values.data(), values.size());
    library().destroy_logical_type(&type);
    for (duckdb_value& value : values) library().destroy_value(&value);
  }
  ~IdList() { library().destroy_value(&list_); }
  IdList(const IdList&) = delete;
  IdList& operator=(const IdList&) = delete;
  duckdb_value value() const { return list_; }

 private:
  duckdb_value list_;
};

bytes_view view_of(duckdb_string_t& text) { return {library().string_t_data(&text), library().string_t_length(text)}; }

void bind_bytes(Statement& statement, idx_t parameter, bytes_view bytes) {
  library().bind_blob(statement.handle(), parameter, bytes.data(), bytes.size());
}

}  // namespace

Statement::~Statement() {
  if (handle_ != nullptr && !bond_.inherited()) library().destroy_prepare(&handle_);
}

Connection::Connection(duckdb_database database, std::string place) : library_(library()), place_(std::move(place)) {
  if (library_.connect(database, &handle_) != DuckDBSuccess) fail("FATAL Error: no connection", "open a connection");
}

Connection::~Connection() {
  if (bond_.inherited()) return;
  for (Statement* statement :
       {&commits_, &set_commits_, &forget_commits_, &body_, &bodies_, &insert_, &erase_, &erase_many_}) {
    if (statement->handle() != nullptr) library_.destroy_prepare(&statement->handle());
  }
  library_.disconnect(&handle_);
}

void Connection::fail(const char* text, std::string_view operation) const {
  throw duckdb_error(text, place_, operation);
}

void Connection::execute(const char* sql, std::string_view operation) {
  Result result;
  if (library_.query(handle_, sql, &result.handle()) != DuckDBSuccess) fail(result.error(), operation);
}

bool Connection::rollback() noexcept {
  duckdb_result result = {};
  const bool done = library_.query(handle_, "ROLLBACK", &result) == DuckDBSuccess;
  library_.destroy_result(&result);
  return done;
}

void Connection::prepare(Statement& statement, std::string_view operation) {
  if (statement.handle() != nullptr) return;
  if (library_.prepare(handle_, statement.text(), &statement.handle()) == DuckDBSuccess) return;
  const char* text = library_.prepare_error(statement.handle());
  const std::string reason = text != nullptr ? text : "no reason was given";
  library_.destroy_prepare(&statement.handle());
  statement.handle() = nullptr;
  fail(reason.c_str(), operation);
}

/// Requires: prepared and bound.
void Connection::run(Statement& statement, std::string_view operation, const PageSink& sink) {
  Result result;
  if (library_.execute_prepared(statement.handle(), &result.handle()) != DuckDBSuccess) {
    fail(result.error(), operation);
  }
  if (!sink) return;
  for (;;) {
    const Chunk chunk(result.handle());
    if (chunk.size() == 0) return;
    const auto* ids = chunk.column<std::uint64_t>(0);
    auto* bytes = chunk.column<duckdb_string_t>(1);
    for (std::size_t i = 0; i < chunk.size(); ++i) sink(ids[i], view_of(bytes[i]));
  }
}

std::uint64_t Connection::number(Statement& statement, std::string_view operation) {
  prepare(statement, operation);
  Result result;
  if (library_.execute_prepared(statement.handle(), &result.handle()) != DuckDBSuccess) {
    fail(result.error(), operation);
  }
  const Chunk chunk(result.handle());
  return chunk.size() == 0 ? 0 : *chunk.column<std::uint64_t>(0);
}

std::uint64_t Connection::number(const char* sql, std::string_view operation) {
  Statement statement(sql);
  return number(statement, operation);
}

void Connection::set_commits(std::uint64_t commits) {
  for (Statement* statement : {&set_commits_, &forget_commits_}) {
    prepare(*statement, "commit");
    library_.bind_uint64(statement->handle(), 1, commits);
    run(*statement, "commit", nullptr);
  }
}

void Connection::first_keys(const PageSink& sink) {
  Statement statement("SELECT id, first FROM pages");
  prepare(statement, "read the directory");
  run(statement, "read the directory", sink);
}

void Connection::bodies(std::uint64_t low, std::uint64_t high, const PageSink& sink) {
  Statement& statement = low == high ? body_ : bodies_;
  prepare(statement, "read rows");
  library_.bind_uint64(statement.handle(), 1, low);
  if (low != high) library_.bind_uint64(statement.handle(), 2, high);
  run(statement, "read rows", sink);
}

void Connection::erase(std::span<const std::uint64_t> ids) {
  if (ids.size() <= singles_max) {
    for (const std::uint64_t id : ids) {
      prepare(erase_, "commit");
      library_.bind_uint64(erase_.handle(), 1, id);
      run(erase_, "commit", nullptr);
    }
    return;
  }
  for (; !ids.empty(); ids = ids.subspan(std::min(ids.size(), list_entries_max))) {
    const IdList list(ids.first(std::min(ids.size(), list_entries_max)));
    prepare(erase_many_, "commit");
    library_.bind_value(erase_many_.handle(), 1, list.value());
    run(erase_many_, "commit", nullptr);
  }
}

PageInsertion::~PageInsertion() {
  if (appender_ != nullptr && !connection_.bond_.inherited()) library().appender_destroy(&appender_);
}

void PageInsertion::add(std::uint64_t id, bytes_view first, bytes_view body) {
  if (++added_ > singles_max) {
    append(id, first, body);
    return;
  }
  Statement& insert = connection_.insert_;
  connection_.prepare(insert, "commit");
  library().bind_uint64(insert.handle(), 1, id);
  bind_bytes(insert, 2, first);
  bind_bytes(insert, 3, body);
  connection_.run(insert, "commit", nullptr);
}

void PageInsertion::append(std::uint64_t id, bytes_view first, bytes_view body) {
  const Library& duckdb = library();
  if (appender_ == nullptr &&
      duckdb.appender_create(connection_.handle_, nullptr, "pages", &appender_) != DuckDBSuccess) {
    fail();
  }
  const bool added = duckdb.append_uint64(appender_, id) == DuckDBSuccess &&
                     duckdb.append_blob(appender_, first.data(), first.size()) == DuckDBSuccess &&
                     duckdb.append_blob(appender_, body.data(), body.size()) == DuckDBSuccess &&
                     duckdb.appender_end_row(appender_) == DuckDBSuccess;
  if (!added) fail();
}

void PageInsertion::finish() {
  if (appender_ == nullptr) return;
  if (library().appender_close(appender_) != DuckDBSuccess) fail();
}

void PageInsertion::fail() {
  const char* text = appender_ == nullptr ? nullptr : library().appender_error(appender_);
  connection_.fail(text != nullptr ? text : "no reason was given", "commit");
}

}  // namespace strata::engine::duck
