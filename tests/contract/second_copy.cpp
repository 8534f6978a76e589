// A library that carries a copy of Strata's engines of its own.
#include <string>

#include "engine/lmdb/lmdb_engine.hpp"
#include "strata/engine.hpp"
#include "strata/error.hpp"

/// Opens and closes an `lmdb:` engine through this copy. Returns the error's message, or an empty text; valid until the
/// next call.
extern "C" __attribute__((visibility("default"))) const char* open_through_second_copy(const char* directory,
                                                                                       const char* store_directory) {
  static std::string message;
  message.clear();
  try {
    strata::engine::register_lmdb_engine();
    strata::engine::OpenRequest request;
    request.directory = directory;
    request.store_directory = store_directory;
    strata::engine::open_engine("lmdb", request);
  } catch (const strata::Error& error) {
    message = error.what();
  }
  return message.c_str();
}
