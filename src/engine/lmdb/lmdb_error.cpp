#include "engine/lmdb/lmdb_error.hpp"

#include <lmdb.h>

#include <cerrno>
#include <string>

namespace strata::engine {
namespace {

struct Meaning {
  ErrorCode code;
  std::string_view remedy;
};

Meaning meaning_of(int code) {
  switch (code) {
    case MDB_MAP_FULL:
      return {ErrorCode::limit_exceeded, "map_bytes is used up; raise it, or the limit on address space (ulimit -v)"};
    case MDB_TXN_FULL:
      return {ErrorCode::limit_exceeded, "the transaction changes too many pages; split it"};
    case MDB_READERS_FULL:
      return {ErrorCode::busy, "all reader slots are taken; close snapshots or processes, then try again"};
    case MDB_MAP_RESIZED:
      return {ErrorCode::busy, "another process made the file larger than the map; end open snapshots, then try again"};
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
      return {ErrorCode::corruption, "the file is damaged or foreign; stop, run `strata verify`, restore a backup"};
    case MDB_PANIC:
      return {ErrorCode::io, "an earlier write failed; close the store in this process and open it again"};
    case ENOSPC:
    case EDQUOT:
      return {ErrorCode::io, "the disk is full; make room, then close the store and open it again"};
    case EIO:  // what LMDB also makes of a write that came out short
      return {ErrorCode::io, "the disk is full or fails; see to it, then close the store and open it again"};
    case EACCES:
    case EPERM:
    case EROFS:
      return {ErrorCode::io, "the directory and its files must be writable for this user"};
    case ENOMEM:
      return {ErrorCode::limit_exceeded, "no memory or address space; raise the limit (ulimit -v)"};
    default:
      return {code > 0 ? ErrorCode::io : ErrorCode::internal, "close the store, see to it, open it again"};
  }
}

}  // namespace

Error lmdb_error(int code, std::string_view place, std::string_view operation) {
  const Meaning meaning = meaning_of(code);
  std::string message(place);
  message.append(": cannot ").append(operation).append(": ").append(mdb_strerror(code));
  message.append("; ").append(meaning.remedy);
  return Error(meaning.code, message);
}

}  // namespace strata::engine
