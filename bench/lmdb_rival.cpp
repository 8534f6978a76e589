#include "bench/lmdb_environment.hpp"
#include "bench/rivals.hpp"

namespace strata::bench {
namespace {

class LmdbWriter : public Writer {
 public:
  LmdbWriter(LmdbEnvironment& environment, KeyOrder order) : environment_(environment), order_(order) {}

  void commit(std::span<const Row> rows) override {
    MDB_txn* transaction = environment_.begin(0);
    for (const Row& row : rows) {
      MDB_val key = lmdb_value(row.key);
      MDB_val value = lmdb_value(row.value);
      require_lmdb(mdb_put(transaction, environment_.records(), &key, &value, 0), "put");
      if (order_ == KeyOrder::random) put_index_entry(transaction, row);
    }
    require_lmdb(mdb_txn_commit(transaction), "commit");
  }

 private:
  void put_index_entry(MDB_txn* transaction, const Row& row) {
    std::string entry;
    for (int shift = 56; shift >= 0; shift -= 8) entry += static_cast<char>(row.rank >> shift & 0xFF);
    entry += row.key;
    MDB_val key = lmdb_value(entry);
    MDB_val nothing = lmdb_value({});
    require_lmdb(mdb_put(transaction, environment_.index(), &key, &nothing, 0), "put an index entry");
  }

  LmdbEnvironment& environment_;
  KeyOrder order_;
};

class LmdbRival : public Contender {
 public:
  LmdbRival(const std::string& directory, KeyOrder order) : environment_(directory), order_(order) {}
  std::unique_ptr<Writer> writer() override { return std::make_unique<LmdbWriter>(environment_, order_); }

 private:
  LmdbEnvironment environment_;
  KeyOrder order_;
};

}  // namespace

std::unique_ptr<Contender> open_lmdb_rival(const std::string& directory, KeyOrder order) {
  return std::make_unique<LmdbRival>(directory, order);
}

}  // namespace strata::bench
