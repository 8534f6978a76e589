#include "engine/sqlite/sqlite_error.hpp"

#include <sqlite3.h>

#include <string>
#include <system_error>

namespace strata::engine::sqlite {
namespace {

struct Meaning {
  ErrorCode code;
  const char* remedy;
};

Meaning meaning_of(int code, int system_error) {
  if (system_error == static_cast<int>(std::errc::no_space_on_device)) {
    return {ErrorCode::io, "the disk is full: free some space, then close and open the store again"};
  }
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {ErrorCode::io, "the disk is full: free some space, then close and open the store again"};
    case SQLITE_NOMEM:
      return {ErrorCode::io, "no memory: free some, then close and open the store again"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return {ErrorCode::corruption, "the file is damaged: run `strata verify`, restore a backup"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return {ErrorCode::busy, "another process holds it: try again later"};
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return {ErrorCode::io, "this user may not write there: see to the permissions, or open it for reading alone"};
    case SQLITE_CANTOPEN:
      return {ErrorCode::io, "it cannot be opened: see to its permissions and those of its directory"};
    case SQLITE_IOERR:
      return {ErrorCode::io, "see to the disk, then close and open the store again"};
    default:
      return {ErrorCode::internal, "this is a defect in Strata: please report it"};
  }
}

}  // namespace

Error sqlite_error(int code, int system_error, std::string_view place, std::string_view operation) {
  const Meaning meaning = meaning_of(code, system_error);
  std::string message = std::string(place) + ": could not " + std::string(operation) + ": " + sqlite3_errstr(code);
  message += " (" + std::to_string(code);
  if (system_error != 0) message += ", " + std::generic_category().message(system_error);
  return {meaning.code, message + "); " + meaning.remedy};
}

}  // namespace strata::engine::sqlite
