// The tables of a text index in one database: the words of records, which record a row stands for, and how far the
// index has come.
//
//   words    FTS5, contentless: a column for each path; rowid is records.id
//   records  id, key, version, hash of the text, how many tokens: those records that have text
//   totals   one row; FTS5's own totals count what was erased from a contentless table
//   aside    records that are damaged in the store, with the reason
//   state    one row, see TableState
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "follow/view_point.hpp"
#include "strata/search.hpp"
#include "view/text/connection.hpp"
#include "view/text/document.hpp"
#include "view/text/match_expression.hpp"
#include "view/text/ranking.hpp"

namespace strata::view::text {

struct TableState {
  follow::ViewPoint point;   ///< Every change up to here is in it. While it is being filled: what the fill began at.
  Position consistent_from;  ///< Rows may show later states than the point; from this one on they do not.
  std::uint32_t collection = 0;  ///< Its number in the catalogue; 0: there was no such collection.
  bool filling = false;
  Bytes cursor;  ///< Of the fill: keys before it are done.

  bool is_ready() const { return !filling && point.position >= consistent_from; }
  friend bool operator==(const TableState&, const TableState&) = default;
};

/// Rows that are left out of a search.
using RowSet = std::unordered_set<std::uint64_t>;

/// One thread; inside transactions of the connection.
class WordTable {
 public:
  WordTable(Connection& connection, const TextOptions& options) : connection_(connection), options_(options) {}

  /// Nothing when the tables are absent, or of another format or for other options.
  std::optional<TableState> state();
  void set_state(const TableState& state);
  /// Makes the tables, empty, whatever was there.
  void clear();

  void put(bytes_view key, Version version, const Document& document);
  void erase(bytes_view key);
  /// Due before the transaction ends, when something was put or erased.
  void write_totals();
  /// The record's text is not known.
  void set_aside(bytes_view key, std::string_view reason);
  struct Aside {
    std::uint64_t rows = 0;
    std::string reason;  ///< Of one of them.
  };
  Aside aside();
  /// Up to `limit` keys from `begin` on and before `end` (empty: to the end), in order; those set aside too.
  std::vector<Bytes> keys(bytes_view begin, bytes_view end, std::size_t limit);

  /// The row of a record.
  std::optional<std::uint64_t> find(bytes_view key);
  struct Row {
    Bytes key;
    Version version;
  };
  Row row(std::uint64_t id);

  /// Without those rows.
  Totals totals(const RowSet& without);
  std::uint64_t rows_with(const std::string& phrase, const RowSet& without);
  void match(const MatchExpression& expression, const Statistics& statistics, const RowSet& without,
             const std::function<void(std::uint64_t id, double score)>& visit);

  /// Rows of `words` written or erased through this object.
  std::uint64_t rows_written() const { return rows_written_; }

 private:
  std::uint64_t identity() const;
  struct Place {
    std::uint64_t id = 0;
    std::uint64_t hash = 0;
    std::uint64_t tokens = 0;
  };
  std::optional<Place> find_place(bytes_view key);
  /// How many tokens it has.
  std::uint64_t insert_words(std::uint64_t id, const Document& document);
  void erase_words(std::uint64_t id, std::uint64_t tokens);

  Connection& connection_;
  const TextOptions& options_;
  std::uint64_t rows_written_ = 0;
  Totals added_;  ///< Not written into `totals` yet; modulo 2^64.
};

}  // namespace strata::view::text
