// What a TextReading is made of: the shared table as of one of its own states, and a table of its own with what the
// state that is asked about has otherwise.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "strata/error.hpp"
#include "view/text/match_expression.hpp"
#include "view/text/text_index.hpp"
#include "view/text/top_hits.hpp"
#include "view/text/word_follower.hpp"

namespace strata::view {

struct TextReading::State {
  using Relation = text::WordFollower::Relation;
  explicit State(std::shared_ptr<text::WordFollower> from) : follower(std::move(from)) {}

  /// Begins to read the shared table, and says how it stands to the state of the source; `useless`, and trouble noted,
  /// when it cannot be read.
  Relation pin_if_possible(commit::Source& about);
  /// Notes what keeps the shared table from being used while an answer can still be given; rethrows anything else.
  void note_or_rethrow(const Error& error);
  void unpin();
  /// Makes the own table, so that both together answer for the state of the source.
  void complete(commit::Source& about, Relation relation, const OpenView& open_view);
  std::vector<TextHit> search(std::string_view words, std::size_t limit, std::size_t offset);
  /// The source that is asked about.
  commit::Source& source();

  std::shared_ptr<text::WordFollower> follower;
  std::unique_ptr<commit::View> own_view;  ///< The source is this view,
  std::optional<commit::ViewSource> own_source;
  commit::Source* asked = nullptr;  ///< or this source.

  std::optional<text::IndexFile::Lease> lease;
  std::optional<text::SqliteTransaction> transaction;
  std::optional<text::TableState> table;  ///< The state of the shared table, when it takes part.
  text::RowSet without;                   ///< Rows of the shared table that are otherwise in the state.
  text::WordTable::Aside aside;

  std::unique_ptr<text::Connection> apart;  ///< The own table; null when there is none.
  std::uint64_t apart_rows = 0;
  text::WordTable::Aside apart_aside;
  std::string trouble;

 private:
  Relation pin(commit::Source& about);
  /// The records that the state has otherwise than the shared table; nothing when that is not known.
  std::optional<std::set<Bytes>> differing(commit::Source& about, Relation relation, const OpenView& open_view);
  void index_apart(commit::Source& about, const std::optional<std::set<Bytes>>& keys);
  std::vector<TextHit> search_once(std::string_view words, std::size_t limit, std::size_t offset);
  text::Statistics statistics_of(const text::MatchExpression& expression);
};

}  // namespace strata::view
