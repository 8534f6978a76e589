// A raw LMDB environment, owned. Failures are std::runtime_error.
#pragma once

#include <lmdb.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace strata::bench {

inline void require_lmdb(int code, const char* step) {
  if (code != 0) throw std::runtime_error(std::string("raw LMDB, ") + step + ": " + mdb_strerror(code));
}

inline MDB_val lmdb_value(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }

class LmdbEnvironment {
 public:
  explicit LmdbEnvironment(const std::string& directory) {
    std::filesystem::create_directories(directory);
    require_lmdb(mdb_env_create(&environment_), "make an environment");
    constexpr std::size_t map_bytes = std::size_t{64} << 30;
    constexpr unsigned readers = 1022;
    mdb_env_set_mapsize(environment_, map_bytes);
    mdb_env_set_maxdbs(environment_, 2);
    mdb_env_set_maxreaders(environment_, readers);
    const int code = mdb_env_open(environment_, directory.c_str(), MDB_NOTLS, 0600);
    if (code != 0) mdb_env_close(environment_);
    require_lmdb(code, "open the environment");
    MDB_txn* transaction = begin(0);
    require_lmdb(mdb_dbi_open(transaction, "records", MDB_CREATE, &records_), "open a tree");
    require_lmdb(mdb_dbi_open(transaction, "index", MDB_CREATE, &index_), "open a tree");
    require_lmdb(mdb_txn_commit(transaction), "make the trees");
  }
  ~LmdbEnvironment() { mdb_env_close(environment_); }
  LmdbEnvironment(const LmdbEnvironment&) = delete;
  LmdbEnvironment& operator=(const LmdbEnvironment&) = delete;

  MDB_txn* begin(unsigned flags) {
    MDB_txn* transaction = nullptr;
    require_lmdb(mdb_txn_begin(environment_, nullptr, flags, &transaction), "begin");
    return transaction;
  }
  void flag(unsigned flags) { require_lmdb(mdb_env_set_flags(environment_, flags, 1), "set a flag"); }
  MDB_dbi records() const { return records_; }
  MDB_dbi index() const { return index_; }

 private:
  MDB_env* environment_ = nullptr;
  MDB_dbi records_ = 0;
  MDB_dbi index_ = 0;
};

}  // namespace strata::bench
