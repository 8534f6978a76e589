#include "engine/rocksdb/rocksdb_error.hpp"

#include <string>

namespace strata::engine::lsm {
namespace {

struct Meaning {
  ErrorCode code;
  const char* remedy;
};

Meaning meaning_of(const rocksdb::Status& status) {
  if (status.IsNoSpace()) {
    return {ErrorCode::io, "the disk is full: free some space, then close and open the store again"};
  }
  if (status.IsCorruption()) return {ErrorCode::corruption, "a file is damaged: run `strata verify`, restore a backup"};
  if (status.IsIOError() || status.IsMemoryLimit() || status.IsAborted() || status.IsShutdownInProgress()) {
    return {ErrorCode::io, "see to the disk, then close and open the store again"};
  }
  if (status.IsBusy() || status.IsTimedOut() || status.IsTryAgain()) return {ErrorCode::busy, "try again later"};
  return {ErrorCode::internal, "this is a defect in Strata: please report it"};
}

}  // namespace

Error rocksdb_error(const rocksdb::Status& status, std::string_view place, std::string_view operation) {
  const Meaning meaning = meaning_of(status);
  return {meaning.code, std::string(place) + ": could not " + std::string(operation) + ": " + status.ToString() + "; " +
                            meaning.remedy};
}

}  // namespace strata::engine::lsm
