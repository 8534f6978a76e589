// `sqlite:DIR`: one SQLite database in WAL mode, for many processes of one machine, in different pid namespaces too.
//
// Parameters of its URL:
//   cache_bytes  Page cache of the writing connection; each reading one has an eighth of it. Default 8M.
//   mmap_bytes   How much of the file is read through a mapping. Default 1G.
//   wal_bytes    From this size on the write-ahead log is copied into the database; at four times of it writers wait
//   for
//                that. Default 8M.
// Where a process has the directory open already, the parameters of its first open hold.
#pragma once

namespace strata::engine {

/// Makes `sqlite:` known to open_engine.
void register_sqlite_engine();

}  // namespace strata::engine
