#include "ingest/batch_source.hpp"

#include <utility>

namespace strata::ingest {
namespace {

/// Enough that neither side waits for the other's every batch; more would only take memory.
constexpr std::size_t ready_max = 3;

}  // namespace

BatchSource::BatchSource(LineSource& source, Reader& reader, const BatchOptions& options)
    : source_(source), reader_(reader), options_(options), thread_([this] { run(); }) {}

BatchSource::~BatchSource() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Batch BatchSource::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !ready_.empty(); });
  Batch batch = std::move(ready_.front());
  ready_.pop_front();
  lock.unlock();
  changed_.notify_all();
  return batch;
}

bool BatchSource::hand_over(Batch batch) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ready_.size() < ready_max || stopped_; });
  if (stopped_) return false;
  const bool more = !batch.last && !batch.failure;
  ready_.push_back(std::move(batch));
  lock.unlock();
  changed_.notify_all();
  return more;
}

void BatchSource::run() {
  while (true) {
    Batch batch;
    try {
      fill(batch);
    } catch (...) {
      batch.failure = std::current_exception();  // the committing side throws it, after the entries before it
    }
    batch.stored_bytes_read = source_.stored_bytes_read();
    if (!hand_over(std::move(batch))) return;
  }
}

void BatchSource::fill(Batch& batch) {
  batch.after = source_.point();
  std::size_t bytes = 0;
  while (batch.entries.size() < options_.records && bytes < options_.bytes) {
    try {
      std::optional<Item> item = reader_.next();
      if (!item) {
        batch.after = source_.point();
        batch.last = true;
        return;
      }
      set_key(*item);
      bytes += item->value.encoded().size();
      batch.after = source_.point();
      batch.entries.push_back({*std::move(item), batch.after});
    } catch (const BadLine& bad) {
      if (!options_.skip_bad_lines) throw;
      batch.bad_lines.emplace_back(bad.what());
      batch.after = source_.point();
    }
  }
  std::string_view line;
  batch.last = !source_.peek(line);
}

void BatchSource::set_key(Item& item) const {
  if (options_.key_field.empty()) return;
  const ValueView field = item.value.at(options_.key_field);
  switch (field.type()) {
    case ValueType::string:
      item.key = field.as_string();
      return;
    case ValueType::boolean:
    case ValueType::integer:
    case ValueType::number:
      item.key = field.to_json();
      return;
    default:
      throw BadLine(
          source_.name(), item.line,
          "field " + options_.key_field + ", which is to be the key, is " + std::string(to_string(field.type())));
  }
}

}  // namespace strata::ingest
