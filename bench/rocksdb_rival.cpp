#include <rocksdb/db.h>
#include <rocksdb/statistics.h>
#include <rocksdb/write_batch.h>

#include <filesystem>
#include <stdexcept>

#include "bench/rivals.hpp"

namespace strata::bench {
namespace {

void require(const rocksdb::Status& status) {
  if (!status.ok()) throw std::runtime_error("raw RocksDB: " + status.ToString());
}

/// Threads that write at once share a sync: RocksDB's own group commit.
class RocksdbWriter : public Writer {
 public:
  RocksdbWriter(rocksdb::DB& database, rocksdb::ColumnFamilyHandle* index, KeyOrder order)
      : database_(database), index_(index), order_(order) {
    durable_.sync = true;
  }
  void commit(std::span<const Row> rows) override {
    rocksdb::WriteBatch batch;
    for (const Row& row : rows) {
      require(batch.Put(row.key, row.value));
      if (order_ == KeyOrder::random) require(batch.Put(index_, index_key(row), ""));
    }
    require(database_.Write(durable_, &batch));
  }

 private:
  static std::string index_key(const Row& row) {
    std::string key;
    for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(row.rank >> shift & 0xFF);
    return key + row.key;
  }

  rocksdb::DB& database_;
  rocksdb::ColumnFamilyHandle* index_;
  KeyOrder order_;
  rocksdb::WriteOptions durable_;
};

class RocksdbRival : public Contender {
 public:
  RocksdbRival(const std::string& directory, KeyOrder order) : order_(order) {
    std::filesystem::create_directories(directory);
    rocksdb::Options options;
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    options.compression = rocksdb::kLZ4Compression;
    options.statistics = statistics_ = rocksdb::CreateDBStatistics();
    std::vector<rocksdb::ColumnFamilyDescriptor> families{{rocksdb::kDefaultColumnFamilyName, options},
                                                          {"index", options}};
    rocksdb::DB* opened = nullptr;
    require(rocksdb::DB::Open(options, directory, families, &families_, &opened));
    database_.reset(opened);
  }
  ~RocksdbRival() override {
    for (rocksdb::ColumnFamilyHandle* family : families_) {
      database_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
    }
  }
  std::unique_ptr<Writer> writer() override {
    return std::make_unique<RocksdbWriter>(*database_, families_[1], order_);
  }
  Counts counts() override {
    return {statistics_->getTickerCount(rocksdb::WRITE_DONE_BY_SELF) +
                statistics_->getTickerCount(rocksdb::WRITE_DONE_BY_OTHER),
            statistics_->getTickerCount(rocksdb::WAL_FILE_SYNCED)};
  }

 private:
  KeyOrder order_;
  std::shared_ptr<rocksdb::Statistics> statistics_;
  std::unique_ptr<rocksdb::DB> database_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

}  // namespace

std::unique_ptr<Contender> open_rocksdb_rival(const std::string& directory, KeyOrder order) {
  return std::make_unique<RocksdbRival>(directory, order);
}

}  // namespace strata::bench
