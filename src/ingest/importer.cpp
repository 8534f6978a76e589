#include "ingest/importer.hpp"

#include <algorithm>
#include <map>
#include <span>

#include "ingest/batch_source.hpp"
#include "ingest/import_point.hpp"
#include "ingest/reference_list.hpp"
#include "ingest/version_order.hpp"

namespace strata::ingest {
namespace {

constexpr std::size_t bad_line_reasons_max = 100;
constexpr std::size_t batch_records_max = transaction_changes_max / 2;
constexpr int busy_tries = 4;

using SteadyClock = std::chrono::steady_clock;

bool is_newer(ValueView candidate, ValueView present) {
  if (candidate.type() == ValueType::string && present.type() == ValueType::string) {
    return compare_versions(candidate.as_string(), present.as_string()) > 0;
  }
  return compare(candidate, present) > 0;
}

/// Whether a commit failed for what is in its records: then some of them may be committed without the others.
bool lies_in_records(ErrorCode code) {
  return code == ErrorCode::already_exists || code == ErrorCode::invalid_argument || code == ErrorCode::limit_exceeded;
}

class Import {
 public:
  Import(Store& store, const ImportOptions& options)
      : store_(store), options_(options), noted_(options.path != "-"), started_(SteadyClock::now()) {}

  ImportReport run() {
    store_.collection(options_.collection).exists();  // a wrong name is told before the file is read
    open();
    const BatchOptions batches{.key_field = options_.key_field,
                               .records = std::clamp<std::size_t>(options_.batch_records, 1, batch_records_max),
                               .skip_bad_lines = options_.skip_bad_lines};
    const std::uint64_t bytes_total = source_->stored_bytes();
    BatchSource source(*source_, *reader_, batches);
    while (true) {
      const Batch batch = source.next();
      for (const std::string& reason : batch.bad_lines) note_bad_line(reason);
      commit(batch);
      if (batch.failure) stop(batch.failure);
      report_.elapsed = SteadyClock::now() - started_;
      const bool go_on = report_progress(batch.stored_bytes_read, bytes_total);
      if (batch.last) break;
      if (!go_on) {
        report_.cancelled = true;
        break;
      }
    }
    return report_;
  }

 private:
  /// Opens the file where an earlier import of it stopped, else at its start.
  void open() {
    open_reader_at_start();
    if (!noted_) return;
    point_key_ = import_point_key(options_.collection, options_.path);
    const std::optional<Record> noted = store_.collection(imports_collection).get(point_key_);
    if (!noted) return;
    point_version_ = noted->version;
    if (!options_.resume) return;
    const std::optional<ImportPoint> point = ImportPoint::from_value(noted->value);
    if (point && point->options == reading_options() && source_->skip_to(point->source)) {
      report_.resumed_after = point->records;
      return;
    }
    report_.file_changed = true;
    open_reader_at_start();
  }

  void open_reader_at_start() {
    reader_.reset();
    source_ = std::make_unique<LineSource>(options_.path);
    ReaderOptions reading = options_.reader;
    reading.own_keys = options_.key_field.empty();
    reader_ = open_reader(*source_, reading);
    report_.format = reader_->format();
  }

  std::string reading_options() const {
    std::string options = std::string(to_string(report_.format)) + " key=" + options_.key_field +
                          " types=" + std::to_string(static_cast<int>(options_.reader.csv_types)) +
                          " into=" + options_.reader.vector_field +
                          " delimiter=" + std::to_string(static_cast<int>(options_.reader.csv_delimiter));
    for (const ImportLink& link : options_.links)
      options += " link=" + link.field + ":" + link.type + ":" + link.collection;
    return options;
  }

  void commit(const Batch& batch) {
    const std::span<const BatchEntry> entries(batch.entries);
    if (entries.empty()) {
      // Nothing to put; but the end of the import is to be noted, where its beginning was.
      if (batch.last && point_version_) commit_records(entries, batch.after, true);
      return;
    }
    commit_entries(entries, batch.after, batch.last);
    ++report_.batches;
  }

  /// A record that the store refuses is found by halving, so that the others come in and its line can be named.
  void commit_entries(std::span<const BatchEntry> entries, const SourcePoint& after, bool last) {
    try {
      commit_records(entries, after, last);
      return;
    } catch (const Error& error) {
      if (!lies_in_records(error.code())) throw with_remedy(error);
      if (entries.size() == 1) {
        refuse_entry(entries[0], error);
        if (last && point_version_) commit_records({}, after, true);
        return;
      }
    }
    const std::size_t half = entries.size() / 2;
    commit_entries(entries.first(half), entries[half - 1].after, false);
    commit_entries(entries.subspan(half), after, last);
  }

  void refuse_entry(const BatchEntry& entry, const Error& error) {
    const BadLine bad(source_->name(), entry.item.line, error.what());
    if (!options_.skip_bad_lines) stop(std::make_exception_ptr(bad));
    note_bad_line(bad.what());
  }

  void commit_records(std::span<const BatchEntry> entries, const SourcePoint& after, bool last) {
    for (int attempt = 1;; ++attempt) {
      try {
        commit_once(entries, after, last);
        return;
      } catch (const Error& error) {
        if (error.code() != ErrorCode::busy || attempt == busy_tries) throw;
      }
    }
  }

  void commit_once(std::span<const BatchEntry> entries, const SourcePoint& after, bool last) {
    std::uint64_t put = 0;
    const bool notes = noted_ && (!last || point_version_);
    CommitResult result;
    store_.transact(
        [&](Transaction& transaction) {
          put = put_records(transaction, entries);
          if (notes) note_point(transaction.collection(imports_collection), put, after, last);
        },
        {}, &result);
    report_.records += put;
    report_.superseded += entries.size() - put;
    if (result.position.value != 0) report_.position = result.position;
    if (notes) point_version_ = last ? std::nullopt : std::optional(Version{result.position.value});
  }

  std::uint64_t put_records(Transaction& transaction, std::span<const BatchEntry> entries) const {
    Collection collection = transaction.collection(options_.collection);
    std::uint64_t put = 0;
    for (const auto& [item, after] : entries) {
      if (!item.key) {
        link(transaction.graph(), collection.add(item.value), item.value);
      } else {
        if (!options_.newest_by.empty()) {
          const std::optional<Record> present = collection.get(*item.key);
          const std::string& field = options_.newest_by;
          if (present && !is_newer(item.value.at(field), present->value.at(field))) continue;
        }
        collection.put(*item.key, item.value);
        link(transaction.graph(), *item.key, item.value);
      }
      ++put;
    }
    return put;
  }

  void link(Graph graph, const std::string& key, const Value& value) const {
    if (options_.links.empty()) return;
    const std::string node = options_.collection + "/" + key;
    for (const ImportLink& wanted : options_.links) {
      std::map<std::string, Value> named;
      for (Reference& one : references_in(value.at(wanted.field)))
        named.emplace(wanted.collection + "/" + one.name, std::move(one.details));
      for (const Edge& edge : graph.edges(node, {.types = {wanted.type}})) {
        const auto still = named.find(edge.to);
        if (still == named.end()) {
          graph.unlink(node, wanted.type, edge.to);
        } else if (still->second == edge.value) {
          named.erase(still);
        }
      }
      for (const auto& [to, details] : named) graph.link(node, wanted.type, to, details);
    }
  }

  /// The version that this import wrote last must still be there: so two imports of one file cannot both go on.
  void note_point(Collection imports, std::uint64_t put, const SourcePoint& after, bool last) const {
    if (last) {
      imports.erase(point_key_, {.if_version = point_version_});
      return;
    }
    const ImportPoint point{report_.resumed_after + report_.records + put, after, reading_options()};
    PutOptions guarded;
    guarded.if_version = point_version_.value_or(Version{});
    imports.put(point_key_, point.to_value(), guarded);
  }

  Error with_remedy(const Error& error) const {
    if (error.code() == ErrorCode::conflict && noted_) {
      const std::optional<Record> noted = store_.collection(imports_collection).get(point_key_);
      if (noted.has_value() != point_version_.has_value() || (noted && noted->version != *point_version_)) {
        return Error(ErrorCode::conflict, "another process is importing " + options_.path + " into " +
                                              options_.collection + " at the same time: let it finish");
      }
    }
    return Error(error.code(), std::string(error.what()) + "; " + how_to_go_on(""));
  }

  /// How many records are in, and what to do to get the rest in: first `mend`, if anything.
  std::string how_to_go_on(const std::string& mend) const {
    const std::uint64_t in = report_.resumed_after + report_.records;
    if (in == 0) return "nothing was imported: " + mend + "run the import again";
    const std::string count = std::to_string(in) + (in == 1 ? " record is in: " : " records are in: ");
    if (noted_) return count + mend + "run the same import again, it goes on where it stopped";
    return count + mend + "import the rest (standard input is always read from its start)";
  }

  [[noreturn]] void stop(const std::exception_ptr& failure) const {
    try {
      std::rethrow_exception(failure);
    } catch (const BadLine& bad) {
      throw Error(bad.code(), std::string(bad.what()) + "; " + how_to_go_on("mend the line and ") +
                                  ", or skip bad lines (--on-error skip)");
    } catch (const Error& error) {
      throw with_remedy(error);
    }
  }

  void note_bad_line(const std::string& reason) {
    ++report_.bad_lines;
    if (report_.bad_line_reasons.size() < bad_line_reasons_max) report_.bad_line_reasons.push_back(reason);
  }

  bool report_progress(std::uint64_t bytes_done, std::uint64_t bytes_total) const {
    if (!options_.progress) return true;
    ImportProgress progress;
    progress.records = report_.resumed_after + report_.records;
    progress.bytes_done = bytes_done;
    progress.bytes_total = bytes_total;
    progress.elapsed = report_.elapsed;
    const double seconds = report_.elapsed.count();
    progress.records_per_second = seconds > 0 ? static_cast<double>(report_.records) / seconds : 0;
    return options_.progress(progress);
  }

  Store& store_;
  const ImportOptions& options_;
  bool noted_;  ///< Standard input cannot be read again from where it stopped.
  SteadyClock::time_point started_;
  std::unique_ptr<LineSource> source_;
  std::unique_ptr<Reader> reader_;
  std::string point_key_;
  std::optional<Version> point_version_;  ///< Of the point that is in the store.
  ImportReport report_;
};

}  // namespace

ImportReport import_records(Store& store, const ImportOptions& options) { return Import(store, options).run(); }

}  // namespace strata::ingest
