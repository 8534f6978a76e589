#include "view/text/snippet_cutter.hpp"

#include <algorithm>

#include "view/text/match_expression.hpp"
#include "view/text/ranking.hpp"

namespace strata::view::text {
namespace {

constexpr std::size_t tokens_max = 64;  // of snippet()

}  // namespace

void SnippetCutter::open() {
  connection_ = std::make_unique<Connection>("");
  std::string columns, places;
  for (std::size_t i = 0; i < options_.fields.size(); ++i) {
    columns += "c" + std::to_string(i) + ",";
    places += ",?" + std::to_string(i + 1);
  }
  const std::string tokenizer = std::string(options_.stemming ? "porter " : "") + "unicode61 remove_diacritics 2";
  connection_->execute(("CREATE VIRTUAL TABLE one USING fts5(" + columns + "tokenize='" + tokenizer + "')").c_str());
  columns.pop_back();
  insert_ = "INSERT INTO one(rowid," + columns + ") VALUES(1" + places + ")";
}

std::string SnippetCutter::cut(ValueView record, std::string_view words, std::size_t tokens) {
  const std::lock_guard lock(mutex_);
  if (!connection_ || connection_->inherited()) open();
  Connection& connection = *connection_;
  const MatchExpression expression =
      parse_match(words, [&](std::string_view word) { return has_tokens(connection, word); });
  const Document document = document_of(record, options_);
  if (document.empty) return {};
  SqliteTransaction transaction(connection, SqliteTransaction::Kind::write);  // never committed
  Statement insert(connection, insert_);
  for (std::size_t i = 0; i < document.columns.size(); ++i) {
    insert.bind_text(static_cast<int>(i) + 1, document.columns[i]);
  }
  insert.run();
  Statement cut(connection, "SELECT snippet(one, -1, '[', ']', '...', ?2) FROM one WHERE one MATCH ?1");
  cut.bind_text(1, expression.wanted).bind(2, std::clamp<std::size_t>(tokens, 1, tokens_max));
  return cut.step() ? std::string(cut.bytes(0)) : std::string();
}

}  // namespace strata::view::text
