// `lmdb:DIR`, the default engine: a copy-on-write B+tree in one mapped file (LMDB 0.9), for many processes of one
// machine.
//
// Parameters of its URL:
//   map_bytes  Address space reserved for the file, and so the most that it can grow to. Default 1T.
//   readers    Snapshots that all processes together may hold open. Default and least 1022.
//   readahead  Whether the kernel reads ahead: good for scans of cold files, bad for point reads of files larger than
//              memory. Default off.
// Where a process has the directory open already, the parameters of its first open hold.
#pragma once

namespace strata::engine {

/// Makes `lmdb:` known to open_engine.
void register_lmdb_engine();

}  // namespace strata::engine
