// Batches of records, parsed by a thread of its own while the caller commits the ones before.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ingest/reader.hpp"

namespace strata::ingest {

struct BatchEntry {
  Item item;
  SourcePoint after;  ///< Behind the record.
};

struct Batch {
  std::vector<BatchEntry> entries;
  SourcePoint after;                   ///< Behind all that was read for it, bad lines too.
  std::vector<std::string> bad_lines;  ///< Passed over, each as `FILE:LINE: reason`.
  std::uint64_t stored_bytes_read = 0;
  bool last = false;
  std::exception_ptr failure;  ///< What ended the reading, behind the entries.
};

struct BatchOptions {
  std::string key_field;
  std::size_t records = 1000;
  std::size_t bytes = std::size_t{8} << 20;  ///< Of values: a batch ends when it has as many.
  bool skip_bad_lines = false;
};

class BatchSource {
 public:
  /// Starts to read. Both must outlive it, and are not the caller's to use until then.
  BatchSource(LineSource& source, Reader& reader, const BatchOptions& options);
  /// Stops the reading, within the time of one read of the file.
  ~BatchSource();
  BatchSource(const BatchSource&) = delete;
  BatchSource& operator=(const BatchSource&) = delete;

  /// The next batch; after one that is `last` or has a `failure` there is none.
  Batch next();

 private:
  void run();
  void fill(Batch& batch);
  void set_key(Item& item) const;
  bool hand_over(Batch batch);

  LineSource& source_;
  Reader& reader_;
  BatchOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> ready_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace strata::ingest
