#include "view/text/word_follower.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "codec/head.hpp"
#include "commit/writer.hpp"
#include "model/record.hpp"
#include "view/text/affected_records.hpp"

namespace strata::view::text {
namespace {

constexpr std::size_t fill_rows = 1000;
constexpr std::size_t fill_bytes = std::size_t{4} << 20;
constexpr std::size_t steps_of_one_size = 16;
constexpr std::size_t keys_at_once = 64;
constexpr int remakes_max = 3;
/// So far behind a table may stay when none of its records changed; beyond, its position is written again.
constexpr std::uint64_t lag_max = 4096;

std::uint64_t rows_in(commit::View& view, engine::Space space) {
  const auto row = view.reader().get({commit::totals_space, commit::totals_key(space)});
  return row ? codec::decode_totals(*row).rows : 0;
}

/// Makes the rows of those records what the view has.
void examine(WordTable& table, commit::View& view, const commit::CollectionDefinition& collection,
             const TextOptions& options, std::span<const Bytes> keys) {
  for (std::size_t at = 0; at < keys.size(); at += keys_at_once) {
    std::vector<engine::Key> asked;
    for (std::size_t i = at; i < std::min(at + keys_at_once, keys.size()); ++i) {
      asked.push_back({collection.records(), keys[i]});
    }
    view.reader().get_many(asked, [&](std::size_t index, std::optional<bytes_view> row) {
      if (row) {
        put_row(table, collection, options, asked[index].bytes, *row);
      } else {
        table.erase(asked[index].bytes);
      }
    });
  }
}

}  // namespace

void put_row(WordTable& table, const commit::CollectionDefinition& collection, const TextOptions& options,
             bytes_view key, bytes_view row) {
  try {
    const codec::RecordRow record = model::decode_row(collection, key, row);
    table.put(key, record.header.version, document_of(ValueView(record.body), options));
  } catch (const BrokenFile&) {
    throw;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::corruption) throw;
    table.set_aside(key, error.what());
  }
}

WordFollower::WordFollower(std::string directory, TextOptions options, std::string collection)
    : options_(std::move(options)),
      collection_(std::move(collection)),
      file_(std::make_shared<IndexFile>(std::move(directory))) {}

WordFollower::Step WordFollower::step(const OpenView& open_view, std::size_t keys_max) {
  const std::lock_guard lock(writing_);
  for (int remakes = 0;; ++remakes) {
    try {
      return step_once(open_view, keys_max);
    } catch (const BrokenFile&) {
      if (remakes == remakes_max) throw;
    }
  }
}

WordFollower::Step WordFollower::step_once(const OpenView& open_view, std::size_t keys_max) {
  const IndexFile::Lease connection = file_->take();
  try {
    SqliteTransaction transaction(*connection, SqliteTransaction::Kind::write);
    WordTable table(*connection, options_);
    // Opened behind the write lock: it is no older than any state that has been entered.
    const std::unique_ptr<commit::View> view = open_view();
    commit::ViewSource source(*view, Time{});
    const Definition* const definition = view->catalogue().find(collection_);
    const std::uint32_t number = definition ? definition->id : 0;
    std::optional<TableState> state = table.state();
    const std::optional<TableState> before = state;
    if (!state || state->collection != number || follow::standing_of(source, state->point) != follow::Standing::good) {
      table.clear();
      state = TableState{follow::point_of(*view), view->position(), number, definition != nullptr, {}};
    }
    Step step;
    if (state->filling && definition) {
      fill_step(table, *view, *definition, *state, step);
    } else {
      apply_step(table, source, *state, keys_max, step);
    }
    step.filling = state->filling;
    step.reached = state->point.position;
    if (state != before) {
      table.write_totals();
      table.set_state(*state);
      transaction.commit();
    }
    rows_written_ += table.rows_written();
    return step;
  } catch (const BrokenFile&) {
    file_->discard(*connection);
    throw;
  }
}

void WordFollower::fill_step(WordTable& table, commit::View& view, const Definition& definition, TableState& state,
                             Step& step) {
  step.total = rows_in(view, definition.records());
  const auto cursor = view.reader().scan({definition.records(), state.cursor, {}}, {.limit = fill_rows});
  std::size_t bytes = 0;
  Bytes last;
  while (step.handled < fill_rows && bytes < fill_bytes) {
    if (!cursor->next()) {
      state.filling = false;
      break;
    }
    last = cursor->key();
    put_row(table, definition, options_, last, cursor->value());
    bytes += cursor->value().size();
    ++step.handled;
  }
  state.cursor = !state.filling ? Bytes{} : last + '\0';
  state.consistent_from = std::max(state.consistent_from, view.position());
}

void WordFollower::apply_step(WordTable& table, commit::Source& source, TableState& state, std::size_t keys_max,
                              Step& step) {
  commit::View& view = source.view();
  const Definition* const definition = view.catalogue().find(collection_);
  const Position from = state.point.position;
  step.total = view.position().value - from.value;
  if (definition && from < view.position()) {
    const AffectedRecords affected = affected_records(source, definition->records(), from, view.position(), keys_max);
    const std::vector<Bytes> keys(affected.keys.begin(), affected.keys.end());
    examine(table, view, *definition, options_, keys);
    for (const AffectedRecords::Range& range : affected.ranges) {
      Bytes begin = range.begin;
      for (;;) {
        const std::vector<Bytes> there = table.keys(begin, range.end, fill_rows);
        if (there.empty()) break;
        examine(table, view, *definition, options_, there);
        begin = there.back() + '\0';
      }
    }
    state.point.position = affected.reached;
    state.point.chain = affected.chain;
    if (!affected.none()) state.consistent_from = std::max(state.consistent_from, view.position());
  } else {
    state.point = follow::point_of(view);
  }
  step.handled = state.point.position.value - from.value;
  step.done = state.point.position == view.position();
}

void WordFollower::advance(const OpenView& open_view) {
  std::size_t keys_max = keys_at_a_step;
  for (std::size_t steps = 1; !step(open_view, keys_max).done; ++steps) {
    if (steps % steps_of_one_size == 0) keys_max *= 2;
  }
}

WordFollower::Relation WordFollower::relation_of(commit::Source& source, const std::optional<TableState>& state,
                                                 bool committed) {
  if (!state || !state->is_ready()) return Relation::useless;
  const codec::Head& head = source.view().head();
  if (state->point.store_id != head.store_id || state->point.incarnation != head.incarnation) return Relation::useless;
  const Definition* const definition = source.view().catalogue().find(collection_);
  if (state->collection != (definition ? definition->id : 0)) return Relation::useless;
  if (state->point.position > head.position) return Relation::ahead;
  if (state->point.position == head.position) {
    return state->point.chain == head.chain ? Relation::exact : Relation::useless;
  }
  if (!definition) return Relation::exact;
  return relation_by_log(source, *state, committed);
}

WordFollower::Relation WordFollower::relation_by_log(commit::Source& source, const TableState& state, bool committed) {
  commit::View& view = source.view();
  Position quiet_to = state.point.position;
  {
    const std::lock_guard lock(seen_mutex_);
    if (seen_.point == state.point && seen_.lineage == view.lineage()) quiet_to = seen_.quiet_to;
  }
  if (quiet_to >= view.position()) return Relation::exact;
  if (quiet_to == state.point.position && follow::standing_of(source, state.point) != follow::Standing::good) {
    return Relation::useless;
  }
  if (quiet_to < view.head().log_base) return Relation::useless;
  const Definition* const definition = view.catalogue().find(collection_);
  const AffectedRecords affected = affected_records(source, definition->records(), quiet_to, view.position(), 1);
  if (!affected.none()) return Relation::behind;
  if (committed) {
    const std::lock_guard lock(seen_mutex_);
    seen_ = {state.point, view.lineage(), view.position()};
  }
  return view.position().value - state.point.position.value > lag_max ? Relation::behind : Relation::exact;
}

}  // namespace strata::view::text
