#include "view/text/ranking.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "view/text/connection.hpp"

namespace strata::view::text {
namespace {

constexpr double k1 = 1.2;
constexpr double b = 0.75;
constexpr double idf_least = 1e-6;

fts5_api* find_api(Connection& connection) {
  fts5_api* api = nullptr;
  Statement(connection, "SELECT fts5(?1)").bind_pointer(1, &api, "fts5_api_ptr").step();
  if (api == nullptr) {
    throw Error(ErrorCode::unsupported, "SQLite was built without FTS5; build it with SQLITE_ENABLE_FTS5");
  }
  return api;
}

void tell_tokens(const Fts5ExtensionApi* api, Fts5Context* row, sqlite3_context* context, int, sqlite3_value**) {
  int tokens = 0;
  if (const int code = api->xColumnSize(row, -1, &tokens)) return sqlite3_result_error_code(context, code);
  sqlite3_result_int(context, tokens);
}

double inverse_frequency(const Statistics& statistics, std::uint64_t rows_with) {
  const auto rows = static_cast<double>(statistics.totals.rows);
  const auto with = static_cast<double>(rows_with);
  const double idf = std::log((rows - with + 0.5) / (with + 0.5));
  return idf > idf_least ? idf : idf_least;  // also where it is no number
}

void tell_score(const Fts5ExtensionApi* api, Fts5Context* row, sqlite3_context* context, int count,
                sqlite3_value** values) {
  const auto* const statistics =
      count == 1 ? static_cast<const Statistics*>(sqlite3_value_pointer(values[0], statistics_type)) : nullptr;
  if (statistics == nullptr) return sqlite3_result_error_code(context, SQLITE_MISUSE);
  int tokens = 0;
  if (const int code = api->xColumnSize(row, -1, &tokens)) return sqlite3_result_error_code(context, code);
  const Totals& totals = statistics->totals;
  const double mean = static_cast<double>(std::max<std::uint64_t>(totals.tokens, 1)) /
                      static_cast<double>(std::max<std::uint64_t>(totals.rows, 1));
  double score = 0;
  for (std::size_t phrase = 0; phrase < statistics->rows_with.size(); ++phrase) {
    Fts5PhraseIter at{};
    int column = 0, offset = 0;
    double frequency = 0;
    if (const int code = api->xPhraseFirst(row, static_cast<int>(phrase), &at, &column, &offset)) {
      return sqlite3_result_error_code(context, code);
    }
    for (; column >= 0; api->xPhraseNext(row, &at, &column, &offset)) frequency += 1;
    score += inverse_frequency(*statistics, statistics->rows_with[phrase]) * (frequency * (k1 + 1)) /
             (frequency + k1 * (1 - b + b * static_cast<double>(tokens) / mean));
  }
  sqlite3_result_double(context, score);
}

}  // namespace

void add_ranking(Connection& connection) {
  fts5_api* const api = find_api(connection);
  struct Function {
    const char* name;
    fts5_extension_function body;
  };
  for (const Function& function :
       std::array<Function, 2>{{{"strata_tokens", &tell_tokens}, {"strata_score", &tell_score}}}) {
    if (const int code = api->xCreateFunction(api, function.name, nullptr, function.body, nullptr)) {
      connection.fail(code);
    }
  }
}

bool has_tokens(Connection& connection, std::string_view text) {
  fts5_api* const api = find_api(connection);
  void* context = nullptr;
  fts5_tokenizer tokenizer{};
  if (const int code = api->xFindTokenizer(api, "unicode61", &context, &tokenizer)) connection.fail(code);
  std::array<const char*, 2> arguments{"remove_diacritics", "2"};
  Fts5Tokenizer* made = nullptr;
  if (const int code = tokenizer.xCreate(context, arguments.data(), static_cast<int>(arguments.size()), &made)) {
    connection.fail(code);
  }
  const std::unique_ptr<Fts5Tokenizer, void (*)(Fts5Tokenizer*)> owned(made, tokenizer.xDelete);
  bool found = false;
  const int code = tokenizer.xTokenize(made, &found, FTS5_TOKENIZE_QUERY, text.data(), static_cast<int>(text.size()),
                                       [](void* seen, int, const char*, int, int, int) {
                                         *static_cast<bool*>(seen) = true;
                                         return SQLITE_DONE;
                                       });
  if (code != SQLITE_OK && code != SQLITE_DONE) connection.fail(code);
  return found;
}

}  // namespace strata::view::text
