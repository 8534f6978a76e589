// Collections: records (JSON values) under string keys, with indexes, history and time to live.
//
// A Collection is a cheap handle: a name, and where to look. One from a Store reads the newest state and commits each
// write by itself; one from a Transaction reads and writes within it; one from a Snapshot only reads. It must not
// outlive what it came from. Handles from a Store may be used by many threads, the others by one at a time.
//
// A collection comes into being with its first record or declaration. Keys are UTF-8, 1 to 240 bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "strata/options.hpp"
#include "strata/value.hpp"

namespace strata {

struct Record {
  std::string key{};
  Value value{};
  Version version{};  ///< 0 for a record that this transaction itself wrote.
  Time created{};     ///< Times of the commits that first and last wrote it.
  Time updated{};
  std::optional<Time> expires{};  ///< From then on it is hidden.
};

struct PutOptions {
  /// Only if the record now has this version (Version{0}: only if it is absent). Else `conflict`.
  std::optional<Version> if_version{};
  /// Hide it from then on. Else the collection's time to live, if any, counts from the commit.
  std::optional<std::chrono::microseconds> time_to_live{};
};

struct EraseOptions {
  std::optional<Version> if_version{};  ///< Only if the record now has this version. Else `conflict`.
};

/// A field that an index covers: a path as in ValueView::at, or `created` / `updated`, the record's own times.
struct IndexField {
  std::string path{};
  /// Its text (ISO 8601) or integer (microseconds) is a time. Set by itself for `created` and `updated`.
  bool time = false;
};

struct IndexOptions {
  std::string name{};                ///< Empty: the paths joined by `,`.
  std::vector<IndexField> fields{};  ///< 1 to 8. An array gives an entry for each of its elements.
  bool unique = false;               ///< No two records may share the values, unless one of them is missing or null.
};

struct IndexDescription {
  IndexOptions options{};
  bool ready = false;  ///< False while it is being built: kept up by writers, not yet used by queries.
  std::uint64_t entries = 0;
};

/// Earlier versions, kept when a record is overwritten or erased.
struct HistoryOptions {
  bool enabled = false;
  std::optional<std::chrono::microseconds> keep_for{};  ///< Since it was replaced.
  std::optional<std::uint64_t> keep_count{};            ///< For each key.
};

struct CollectionOptions {
  HistoryOptions history{};
  std::optional<std::chrono::microseconds> time_to_live{};
};

/// A state in the past: that at a position, or the last one whose commit time is not after a time.
using AsOf = std::variant<Position, Time>;

/// Values for the `:name` parameters of a filter.
using Parameters = std::map<std::string, Value, std::less<>>;

struct Order {
  std::string path{};  ///< Of a field; or `created`, `updated`, `_key`, `_version`.
  bool descending = false;
};

struct Query {
  std::string where{};  ///< A filter expression (docs/GUIDE.md); empty: everything.
  Parameters parameters{};
  std::vector<Order> order{};         ///< Then by key. Empty: by key.
  std::size_t limit = 0;              ///< 0: all.
  std::string cursor{};               ///< QueryResult::cursor of the page before.
  std::vector<std::string> fields{};  ///< Only these paths of each value; empty: the whole value.
  std::optional<Time> since{};        ///< updated >= since
  std::optional<Time> until{};        ///< updated < until
  std::optional<AsOf> at{};           ///< The state as of then. Needs history on the collection, else `unsupported`.
};

/// How a query was answered.
struct Plan {
  std::string access{};              ///< `index NAME`, `scan`, `key`, `history scan`
  std::string detail{};              ///< Ranges, order, recheck: one line for a person.
  std::uint64_t rows_estimated = 0;  ///< Rows that the access was expected to visit.
  std::uint64_t rows_visited = 0;
  std::uint64_t rows_matched = 0;
  bool sorted_in_memory = false;
  struct Step {
    std::string name;
    std::chrono::nanoseconds time{};
  };
  std::vector<Step> steps{};
};

struct QueryResult {
  std::vector<Record> records{};
  Position position{};   ///< The state that was asked.
  std::string cursor{};  ///< Set when the limit ended the answer: give it back in Query::cursor for what comes after.
  Plan plan{};
};

/// One version of a record, from history.
struct RecordVersion {
  Record record{};
  bool erased = false;              ///< The record was erased when this version ended.
  std::optional<Position> until{};  ///< The commit that replaced it; none for the present one.
};

// search.hpp
struct Search;
struct SearchResult;
struct VectorOptions;
struct VectorDescription;
struct TextOptions;
struct TextDescription;

namespace detail {
class CollectionAccess;
}

class Collection {
 public:
  Collection(std::shared_ptr<detail::CollectionAccess> access, std::string name);

  const std::string& name() const { return name_; }

  // ---- reading
  std::optional<Record> get(std::string_view key) const;
  /// The record as of then. Needs history, else `unsupported`; beyond what is kept: `gap`.
  std::optional<Record> get(std::string_view key, AsOf at) const;
  /// In the order of the keys.
  std::vector<std::optional<Record>> get_many(std::span<const std::string> keys) const;
  QueryResult find(const Query& query = {}) const;
  /// Like find, but hands over one record at a time, in memory bounded whatever the size of the answer (unless an order
  /// without index needs sorting). `visit` returns false to stop, and must not use this collection's source.
  Plan scan(const Query& query, const std::function<bool(const Record&)>& visit) const;
  std::uint64_t count(const Query& query = {}) const;
  /// The plan alone; nothing is run.
  Plan explain(const Query& query) const;
  /// All kept versions of a key, newest first.
  std::vector<RecordVersion> history(std::string_view key) const;

  // ---- writing; through a Snapshot: `unsupported`
  /// Writes the record and returns its version (0 inside a transaction: it has none before the commit).
  /// A value that breaks a unique index: `already_exists`.
  Version put(std::string_view key, ValueView value, const PutOptions& options = {});
  Version put(std::string_view key, const Value& value, const PutOptions& options = {}) {
    return put(key, value.view(), options);
  }
  /// Under a fresh UUIDv7, which it returns.
  std::string add(ValueView value, const PutOptions& options = {});
  std::string add(const Value& value, const PutOptions& options = {}) { return add(value.view(), options); }
  /// False when there was none.
  bool erase(std::string_view key, const EraseOptions& options = {});

  // ---- declarations; transactions of their own, not inside a Transaction (`invalid_argument`)
  /// Declares the index and builds it while others go on reading and writing. Declaring the same again is no error.
  /// `already_exists` when the name is taken, or when a unique index finds a duplicate (nothing remains then).
  void create_index(const IndexOptions& options, engine::Progress* progress = nullptr);
  /// False when there was none.
  bool drop_index(std::string_view name);
  std::vector<IndexDescription> indexes() const;
  void set_options(const CollectionOptions& options);
  CollectionOptions options() const;
  // ---- vectors and text (search.hpp says what they are)
  /// The nearest vectors, matching text, or both. `invalid_argument`, `not_found`.
  SearchResult search(const Search& search) const;
  /// The vector of a record; nothing when it has none. An empty field: the only one.
  std::optional<std::vector<float>> vector(std::string_view key, std::string_view field = {}) const;
  /// Sets the vector of a record that is there (else `not_found`), and leaves the record as it is.
  Version put_vector(std::string_view key, std::string_view field, std::span<const float> vector);
  bool erase_vector(std::string_view key, std::string_view field);
  /// Declares the field, takes the vectors out of the records that hold them, and builds the index, while others go on.
  /// Another index kind for a field that is there is built behind the one that is. `already_exists` when the field is
  /// declared with another dimension, metric or type; `invalid_argument`, naming it, when a record has something else
  /// there.
  void create_vector(const VectorOptions& options, engine::Progress* progress = nullptr);
  /// With its vectors. False when there was none.
  bool drop_vector(std::string_view field);
  /// For another model or dimension: once a second field is filled and indexed, `field` becomes what `by` is, vectors
  /// and index included, at one position; `by` is no more. Searches go on before, meanwhile and after. `not_found`.
  void replace_vector(std::string_view field, std::string_view by);
  std::vector<VectorDescription> vectors() const;
  void create_text(const TextOptions& options, engine::Progress* progress = nullptr);
  bool drop_text(std::string_view name);
  std::vector<TextDescription> texts() const;
  /// Builds what the vector and text fields have not indexed yet. A long-running process need not call it. False when
  /// `progress` stopped it.
  bool build_search(engine::Progress* progress = nullptr);

  bool exists() const;
  /// Removes the collection, its indexes and its history. False when there was none.
  bool drop();

 private:
  bool build_vector(const VectorOptions& options, engine::Progress* progress);

  std::shared_ptr<detail::CollectionAccess> access_;
  std::string name_;
};

}  // namespace strata
