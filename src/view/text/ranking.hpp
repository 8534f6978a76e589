// BM25 over several tables as over one: the statistics that it weighs by are given, not taken from the table at hand.
//
// Formula and constants are those of FTS5's own bm25() (https://www.sqlite.org/fts5.html#the_bm25_function), negated so
// that greater is better.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace strata::view::text {

class Connection;

struct Totals {
  std::uint64_t rows = 0;
  std::uint64_t tokens = 0;
};

struct Statistics {
  Totals totals;
  /// For each phrase of the query that counts, in its order: rows that have it. Phrases beyond do not count.
  std::vector<std::uint64_t> rows_with;
};

/// The name of the type that `strata_score` takes a pointer to.
inline constexpr const char* statistics_type = "strata-statistics";

/// Makes known, for FTS5 tables t: `strata_tokens(t)`, how many the row has, and `strata_score(t, Statistics*)`.
void add_ranking(Connection& connection);

/// Whether the tokenizer finds anything in the text.
bool has_tokens(Connection& connection, std::string_view text);

}  // namespace strata::view::text
