#include "view/text/word_table.hpp"

#include <algorithm>

#include "codec/hash.hpp"
#include "codec/varint.hpp"

namespace strata::view::text {
namespace {

constexpr std::uint64_t table_format = 1;

Uuid uuid_of(bytes_view bytes) {
  Uuid id;
  if (bytes.size() != id.bytes.size()) throw BrokenFile("the text index: its state is damaged; it will be made anew");
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(id.bytes.data()));
  return id;
}

codec::Hash128 hash_of(bytes_view bytes) {
  if (bytes.size() != 16) throw BrokenFile("the text index: its state is damaged; it will be made anew");
  return codec::take_hash(bytes);
}

}  // namespace

std::uint64_t WordTable::identity() const {
  Bytes all;
  codec::append_varint(all, table_format);
  all += options_.stemming ? '\1' : '\0';
  for (const std::string& field : options_.fields) all += field + '\0';
  return codec::hash64(all);
}

std::optional<TableState> WordTable::state() {
  // The table may not exist, and a transaction of someone else may be making it.
  if (!Statement(connection_, "SELECT 1 FROM sqlite_schema WHERE name='state'").step()) return std::nullopt;
  Statement row(connection_,
                "SELECT identity, store, incarnation, position, chain, consistent_from, collection, filling, cursor "
                "FROM state WHERE id=1");
  if (!row.step() || row.number(0) != identity()) return std::nullopt;
  TableState state;
  state.point.store_id = uuid_of(row.bytes(1));
  state.point.incarnation = row.number(2);
  state.point.position.value = row.number(3);
  state.point.chain = hash_of(row.bytes(4));
  state.consistent_from.value = row.number(5);
  state.collection = static_cast<std::uint32_t>(row.number(6));
  state.filling = row.number(7) != 0;
  state.cursor = row.bytes(8);
  return state;
}

void WordTable::set_state(const TableState& state) {
  Bytes chain;
  codec::append_hash(chain, state.point.chain);
  Statement(connection_,
            "REPLACE INTO state(id, identity, store, incarnation, position, chain, consistent_from, collection, "
            "filling, cursor) VALUES(1,?1,?2,?3,?4,?5,?6,?7,?8,?9)")
      .bind(1, identity())
      .bind_blob(2, state.point.store_id.view())
      .bind(3, state.point.incarnation)
      .bind(4, state.point.position.value)
      .bind_blob(5, chain)
      .bind(6, state.consistent_from.value)
      .bind(7, state.collection)
      .bind(8, state.filling ? 1 : 0)
      .bind_blob(9, state.cursor)
      .run();
}

void WordTable::clear() {
  added_ = {};
  const std::string tokenizer = std::string(options_.stemming ? "porter " : "") + "unicode61 remove_diacritics 2";
  std::string columns;
  for (std::size_t i = 0; i < options_.fields.size(); ++i) columns += "c" + std::to_string(i) + ",";
  connection_.execute(
      ("DROP TABLE IF EXISTS words; DROP TABLE IF EXISTS records; DROP TABLE IF EXISTS aside;"
       "DROP TABLE IF EXISTS state; DROP TABLE IF EXISTS totals;"
       "CREATE TABLE state(id INTEGER PRIMARY KEY, identity INTEGER, store BLOB, incarnation INTEGER,"
       " position INTEGER, chain BLOB, consistent_from INTEGER, collection INTEGER, filling INTEGER, cursor BLOB);"
       "CREATE TABLE records(id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, version INTEGER NOT NULL,"
       " hash INTEGER NOT NULL, tokens INTEGER NOT NULL);"
       "CREATE TABLE totals(id INTEGER PRIMARY KEY, rows INTEGER NOT NULL, tokens INTEGER NOT NULL);"
       "INSERT INTO totals VALUES(1,0,0);"
       "CREATE TABLE aside(key BLOB PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID;"
       "CREATE VIRTUAL TABLE words USING fts5(" +
       columns + "content='',contentless_delete=1,tokenize='" + tokenizer + "')")
          .c_str());
}

std::uint64_t WordTable::insert_words(std::uint64_t id, const Document& document) {
  std::string names, places;
  for (std::size_t i = 0; i < options_.fields.size(); ++i) {
    names += ",c" + std::to_string(i);
    places += ",?" + std::to_string(i + 2);
  }
  Statement insert(connection_, "INSERT INTO words(rowid" + names + ") VALUES(?1" + places + ")");
  insert.bind(1, id);
  for (std::size_t i = 0; i < document.columns.size(); ++i) {
    insert.bind_text(static_cast<int>(i) + 2, document.columns[i]);
  }
  insert.run();
  ++rows_written_;
  Statement counted(connection_, "SELECT strata_tokens(words) FROM words WHERE rowid=?1");
  counted.bind(1, id);
  if (!counted.step()) throw BrokenFile("the text index lacks words that it was just given; it will be made anew");
  added_.rows += 1;
  added_.tokens += counted.number(0);
  return counted.number(0);
}

void WordTable::erase_words(std::uint64_t id, std::uint64_t tokens) {
  Statement(connection_, "DELETE FROM words WHERE rowid=?1").bind(1, id).run();
  ++rows_written_;
  added_.rows -= 1;
  added_.tokens -= tokens;
}

void WordTable::put(bytes_view key, Version version, const Document& document) {
  if (document.empty) return erase(key);
  Statement(connection_, "DELETE FROM aside WHERE key=?1").bind_blob(1, key).run();
  const std::optional<Place> place = find_place(key);
  if (place && place->hash == document.hash) {
    Statement(connection_, "UPDATE records SET version=?2 WHERE id=?1").bind(1, place->id).bind(2, version.value).run();
    return;
  }
  std::uint64_t id = 0;
  if (place) {
    id = place->id;
    erase_words(id, place->tokens);
  } else {
    Statement(connection_, "INSERT INTO records(key, version, hash, tokens) VALUES(?1,0,0,0)").bind_blob(1, key).run();
    id = static_cast<std::uint64_t>(sqlite3_last_insert_rowid(connection_.handle()));
  }
  const std::uint64_t tokens = insert_words(id, document);
  Statement(connection_, "UPDATE records SET version=?2, hash=?3, tokens=?4 WHERE id=?1")
      .bind(1, id)
      .bind(2, version.value)
      .bind(3, document.hash)
      .bind(4, tokens)
      .run();
}

void WordTable::erase(bytes_view key) {
  Statement(connection_, "DELETE FROM aside WHERE key=?1").bind_blob(1, key).run();
  const std::optional<Place> place = find_place(key);
  if (!place) return;
  erase_words(place->id, place->tokens);
  Statement(connection_, "DELETE FROM records WHERE id=?1").bind(1, place->id).run();
}

void WordTable::write_totals() {
  Statement(connection_, "UPDATE totals SET rows=rows+?1, tokens=tokens+?2 WHERE id=1")
      .bind(1, added_.rows)
      .bind(2, added_.tokens)
      .run();
  added_ = {};
}

void WordTable::set_aside(bytes_view key, std::string_view reason) {
  erase(key);
  Statement(connection_, "REPLACE INTO aside(key, reason) VALUES(?1,?2)").bind_blob(1, key).bind_text(2, reason).run();
}

WordTable::Aside WordTable::aside() {
  Aside aside;
  Statement counted(connection_, "SELECT count(*), min(reason) FROM aside");
  if (counted.step()) {
    aside.rows = counted.number(0);
    aside.reason = counted.bytes(1);
  }
  return aside;
}

std::vector<Bytes> WordTable::keys(bytes_view begin, bytes_view end, std::size_t limit) {
  std::vector<Bytes> found;
  Statement rows(connection_,
                 "SELECT key FROM records WHERE key>=?1 AND (?2=x'' OR key<?2) UNION "
                 "SELECT key FROM aside WHERE key>=?1 AND (?2=x'' OR key<?2) ORDER BY key LIMIT ?3");
  rows.bind_blob(1, begin).bind_blob(2, end).bind(3, limit);
  while (rows.step()) found.emplace_back(rows.bytes(0));
  return found;
}

std::optional<WordTable::Place> WordTable::find_place(bytes_view key) {
  Statement found(connection_, "SELECT id, hash, tokens FROM records WHERE key=?1");
  found.bind_blob(1, key);
  if (!found.step()) return std::nullopt;
  return Place{found.number(0), found.number(1), found.number(2)};
}

std::optional<std::uint64_t> WordTable::find(bytes_view key) {
  const auto place = find_place(key);
  return place ? std::optional(place->id) : std::nullopt;
}

WordTable::Row WordTable::row(std::uint64_t id) {
  Statement found(connection_, "SELECT key, version FROM records WHERE id=?1");
  found.bind(1, id);
  if (!found.step()) throw BrokenFile("the text index lacks a record that it has the words of; it will be made anew");
  return {Bytes(found.bytes(0)), Version{found.number(1)}};
}

Totals WordTable::totals(const RowSet& without) {
  Totals totals;
  {
    Statement kept(connection_, "SELECT rows, tokens FROM totals WHERE id=1");
    if (kept.step()) totals = {kept.number(0), kept.number(1)};
  }
  Statement row(connection_, "SELECT tokens FROM records WHERE id=?1");
  for (const std::uint64_t id : without) {
    row.bind(1, id);
    if (row.step()) {
      totals.rows -= std::min<std::uint64_t>(totals.rows, 1);
      totals.tokens -= std::min(totals.tokens, row.number(0));
    }
    row.reset();
  }
  return totals;
}

std::uint64_t WordTable::rows_with(const std::string& phrase, const RowSet& without) {
  if (without.empty()) {
    Statement counted(connection_, "SELECT count(*) FROM words WHERE words MATCH ?1");
    counted.bind_text(1, phrase);
    return counted.step() ? counted.number(0) : 0;
  }
  std::uint64_t rows = 0;
  Statement matches(connection_, "SELECT rowid FROM words WHERE words MATCH ?1");
  matches.bind_text(1, phrase);
  while (matches.step()) rows += without.contains(matches.number(0)) ? 0 : 1;
  return rows;
}

void WordTable::match(const MatchExpression& expression, const Statistics& statistics, const RowSet& without,
                      const std::function<void(std::uint64_t id, double score)>& visit) {
  std::string sql = "SELECT rowid, strata_score(words, ?2) FROM words WHERE words MATCH ?1";
  if (!expression.excluded.empty()) sql += " AND rowid NOT IN (SELECT rowid FROM words WHERE words MATCH ?3)";
  Statement matches(connection_, sql);
  // SQLite hands the pointer on as it is; the function only reads.
  auto* const given = const_cast<Statistics*>(&statistics);  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  matches.bind_text(1, expression.required).bind_pointer(2, given, statistics_type);
  if (!expression.excluded.empty()) matches.bind_text(3, expression.excluded);
  while (matches.step()) {
    const std::uint64_t id = matches.number(0);
    if (!without.contains(id)) visit(id, matches.real(1));
  }
}

}  // namespace strata::view::text
