// `duckdb:DIR`: one DuckDB file, for one process at a time. A second process is told who holds it.
//
// DuckDB keeps columns, and finds no single row and no range of keys without reading a good part of its table. So rows
// lie in pages of about 8 KiB, and the table is one of pages; the first key of each is in memory. A transaction
// collects its writes, and its commit replaces the pages that they fall on.
//
// The library is not linked: it is opened with the first store. See duckdb_library.hpp.
//
// Parameters of its URL:
//   cache_bytes   Cache of pages. Default 8M.
//   memory_bytes  What DuckDB itself may use, for its blocks above all. Default 128M.
//   threads       Threads that DuckDB works with, the caller's own counted. Default 1.
// Where this process has the directory open already, the parameters of the first open hold.
#pragma once

namespace strata::engine {

/// Makes `duckdb:` known to open_engine.
void register_duckdb_engine();

}  // namespace strata::engine
