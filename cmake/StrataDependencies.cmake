# What the project stands on. Debian packages first; the SQLite amalgamation is unpacked by tools/setup.
find_package(Threads REQUIRED)

add_library(strata_warnings INTERFACE)
target_compile_options(strata_warnings INTERFACE
  $<BUILD_INTERFACE:-Wall> $<BUILD_INTERFACE:-Wextra> $<BUILD_INTERFACE:-Wpedantic>
  $<$<BOOL:${STRATA_WERROR}>:$<BUILD_INTERFACE:-Werror>>)
if(STRATA_SANITIZE)
  add_compile_options(-fsanitize=${STRATA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${STRATA_SANITIZE})
endif()

# strata_external(NAME HEADER LIBRARY...): an interface target for a system library; its headers are system headers.
function(strata_external name header)
  find_path(STRATA_${name}_INCLUDE ${header} REQUIRED)
  add_library(${name} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${name} SYSTEM INTERFACE ${STRATA_${name}_INCLUDE})
  foreach(library ${ARGN})
    find_library(STRATA_${library}_LIBRARY ${library} REQUIRED)
    target_link_libraries(${name} INTERFACE ${STRATA_${library}_LIBRARY})
  endforeach()
endfunction()

strata_external(xxhash xxhash.h xxhash)
strata_external(RapidJSON rapidjson/reader.h)
if(STRATA_LMDB)
  strata_external(lmdb lmdb.h lmdb)
endif()
if(STRATA_ROCKSDB)
  strata_external(rocksdb rocksdb/db.h rocksdb)
endif()
if(STRATA_DUCKDB)
  set(STRATA_DUCKDB_OFF_BECAUSE "")
  if(EXISTS ${STRATA_DEPENDENCIES}/duckdb/duckdb.h)
    add_library(duckdb_header INTERFACE IMPORTED GLOBAL)
    target_include_directories(duckdb_header SYSTEM INTERFACE ${STRATA_DEPENDENCIES}/duckdb)
  else()
    set(STRATA_DUCKDB OFF)
    set(STRATA_DUCKDB_OFF_BECAUSE "no ${STRATA_DEPENDENCIES}/duckdb/duckdb.h: run tools/setup")
  endif()
endif()
strata_external(strata_compression zstd.h zstd lz4 z)
if(STRATA_CLI)
  strata_external(cli11 CLI/CLI.hpp)
  strata_external(edit histedit.h edit)
endif()

# SQLite, private to the adapter (and to the text view later). At least 3.51.3: older WAL code can corrupt a database
# that several processes write.
if(STRATA_SQLITE)
  set(amalgamation ${STRATA_DEPENDENCIES}/sqlite3)
  if(NOT EXISTS ${amalgamation}/sqlite3.c)
    message(FATAL_ERROR "no SQLite amalgamation in ${amalgamation}: run tools/setup, or configure with -DSTRATA_SQLITE=OFF")
  endif()
  add_library(strata_sqlite3 STATIC ${amalgamation}/sqlite3.c)
  target_include_directories(strata_sqlite3 SYSTEM PUBLIC $<BUILD_INTERFACE:${amalgamation}>)
  target_compile_definitions(strata_sqlite3 PUBLIC
    SQLITE_THREADSAFE=2 SQLITE_ENABLE_SNAPSHOT SQLITE_ENABLE_FTS5 SQLITE_DQS=0 SQLITE_DEFAULT_MEMSTATUS=0
    SQLITE_LIKE_DOESNT_MATCH_BLOBS SQLITE_OMIT_DEPRECATED SQLITE_OMIT_SHARED_CACHE SQLITE_OMIT_LOAD_EXTENSION
    SQLITE_ENABLE_DBSTAT_VTAB SQLITE_MAX_EXPR_DEPTH=0)
  target_compile_definitions(strata_sqlite3 PRIVATE HAVE_FDATASYNC=1)
  target_compile_options(strata_sqlite3 PRIVATE -w -O2)
  target_link_libraries(strata_sqlite3 PUBLIC Threads::Threads m)
endif()
