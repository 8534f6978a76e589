// `rocksdb:DIR`: a log-structured merge tree, for one process at a time. A second process is told who holds it.
//
// Parameters of its URL:
//   cache_bytes         Cache of unpacked blocks, of their indexes and filters. Default 8M.
//   write_buffer_bytes  Rows that are held in memory before they are written out as a sorted file. Default 16M.
// Where this process has the directory open already, the parameters of the first open hold.
#pragma once

namespace strata::engine {

/// Makes `rocksdb:` known to open_engine.
void register_rocksdb_engine();

}  // namespace strata::engine
