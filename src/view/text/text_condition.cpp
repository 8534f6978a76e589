#include "view/text/text_condition.hpp"

#include "view/text/connection.hpp"
#include "view/text/document.hpp"
#include "view/text/match_expression.hpp"
#include "view/text/ranking.hpp"
#include "view/text/word_table.hpp"

namespace strata::view {
namespace {

constexpr bytes_view only_key = "record";

}  // namespace

struct TextCondition::State {
  explicit State(const TextOptions& of) : options(of) {}

  void open() {
    connection = std::make_unique<text::Connection>("");
    text::WordTable(*connection, options).clear();
  }

  TextOptions options;
  std::unique_ptr<text::Connection> connection;  ///< In memory; holds nothing between two records.
  text::MatchExpression expression;
};

TextCondition::TextCondition(const TextOptions& options, const std::string& words)
    : state_(std::make_unique<State>(options)) {
  state_->open();
  state_->expression =
      text::parse_match(words, [&](std::string_view word) { return text::has_tokens(*state_->connection, word); });
}

TextCondition::TextCondition(TextCondition&&) noexcept = default;
TextCondition& TextCondition::operator=(TextCondition&&) noexcept = default;
TextCondition::~TextCondition() = default;

bool TextCondition::matches(ValueView record) {
  const text::Document document = text::document_of(record, state_->options);
  if (document.empty) return false;
  if (state_->connection->inherited()) state_->open();
  text::SqliteTransaction transaction(*state_->connection, text::SqliteTransaction::Kind::write);  // never committed
  text::WordTable table(*state_->connection, state_->options);
  table.put(only_key, Version{}, document);
  bool found = false;
  table.match(state_->expression, {}, {}, [&](std::uint64_t, double) { found = true; });
  return found;
}

}  // namespace strata::view
