// The functions of DuckDB's C interface. The library is opened when the first store on it is, never linked.
#pragma once

#include <duckdb.h>

#include "platform/shared_library.hpp"

namespace strata::engine::duck {

/// Those that the engine calls, by their names without `duckdb_`.
#define STRATA_DUCKDB_FUNCTIONS(each)                                                                           \
  each(library_version) each(create_config) each(set_config) each(destroy_config) each(open_ext) each(close)    \
      each(connect) each(disconnect) each(query) each(destroy_result) each(result_error) each(prepare)          \
          each(prepare_error) each(destroy_prepare) each(bind_uint64) each(bind_blob) each(bind_value)          \
              each(execute_prepared) each(fetch_chunk) each(destroy_data_chunk) each(data_chunk_get_size)       \
                  each(data_chunk_get_vector) each(vector_get_data) each(vector_get_validity)                   \
                      each(validity_row_is_valid) each(string_t_length) each(string_t_data) each(create_uint64) \
                          each(create_list_value) each(destroy_value) each(create_logical_type)                 \
                              each(destroy_logical_type) each(appender_create) each(appender_error)             \
                                  each(appender_destroy) each(appender_close) each(appender_end_row)            \
                                      each(append_uint64) each(append_blob) each(free)

struct Library {
// NOLINTNEXTLINE(bugprone-macro-parentheses): the name is part of a longer one
#define STRATA_DUCKDB_MEMBER(name) decltype(&duckdb_##name) name = nullptr;
  STRATA_DUCKDB_FUNCTIONS(STRATA_DUCKDB_MEMBER)
#undef STRATA_DUCKDB_MEMBER
};

/// Opened anew; closed with the object. The path is $STRATA_DUCKDB_LIBRARY where that is set; else the library that
/// Strata was built with, one installed beside it, one that the system's loader finds.
class LoadedLibrary {
 public:
  /// `unsupported` when it is not there, is older than 1.1, or lacks a function.
  LoadedLibrary();
  const Library& functions() const { return functions_; }

 private:
  platform::SharedLibrary file_;
  Library functions_;
};

/// The library of this process, opened at the first call and never closed. Throws as LoadedLibrary does; a later call
/// then tries again.
const Library& library();

}  // namespace strata::engine::duck
