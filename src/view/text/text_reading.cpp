#include "view/text/text_reading.hpp"

#include <algorithm>
#include <limits>

#include "model/record.hpp"
#include "strata/error.hpp"
#include "view/text/affected_records.hpp"

namespace strata::view {
namespace {

/// So many records a reading indexes apart one by one; beyond, it indexes all of them.
constexpr std::size_t differing_max = 20'000;

using text::RowSet;
using text::Totals;
using text::WordTable;

void put_write(WordTable& table, const commit::Write& write, const TextOptions& options) {
  if (write.kind != commit::Write::Kind::put) return;
  table.put(write.key, Version{}, text::document_of(ValueView(write.body), options));
}

/// The drop of a whole collection stands among its writes without a key.
bool drops(const commit::PendingWrites& pending) {
  const auto first = pending.find(Bytes{});
  return first != pending.end() && first->second.kind == commit::Write::Kind::drop;
}

const RowSet no_rows;

}  // namespace

TextReading::State::Relation TextReading::State::pin(commit::Source& about) {
  unpin();
  lease.emplace(follower->file().take());
  try {
    transaction.emplace(**lease, text::SqliteTransaction::Kind::read);
    WordTable shared(**lease, follower->options());
    table = shared.state();
    const Relation relation = follower->relation_of(about, table, own_view != nullptr);
    if (relation == Relation::useless) {
      unpin();
    } else {
      aside = shared.aside();
    }
    return relation;
  } catch (const text::BrokenFile&) {
    follower->file().discard(**lease);
    unpin();
    return Relation::useless;
  } catch (const Error&) {
    unpin();
    throw;
  }
}

TextReading::State::Relation TextReading::State::pin_if_possible(commit::Source& about) {
  try {
    return pin(about);
  } catch (const Error& error) {
    note_or_rethrow(error);
    return Relation::useless;
  }
}

void TextReading::State::note_or_rethrow(const Error& error) {
  const bool of_the_file = error.code() == ErrorCode::io || error.code() == ErrorCode::busy ||
                           dynamic_cast<const text::BrokenFile*>(&error) != nullptr;
  if (!of_the_file) throw;
  trouble = error.what();
}

void TextReading::State::unpin() {
  transaction.reset();
  lease.reset();
  table.reset();
  without.clear();
  aside = {};
}

commit::Source& TextReading::State::source() {
  if (!asked && !own_source) own_source.emplace(*own_view, Time{});
  return asked ? *asked : *own_source;
}

std::optional<std::set<Bytes>> TextReading::State::differing(commit::Source& about, Relation relation,
                                                             const OpenView& open_view) {
  const commit::CollectionDefinition* const collection = about.collection(follower->collection());
  if (!collection || !table || table->collection != collection->id) return std::nullopt;
  std::set<Bytes> keys;
  const Position state = about.view().position();
  const Position indexed = table->point.position;
  const auto add = [&](commit::Source& log, Position from, Position until) {
    text::AffectedRecords affected = text::affected_records(log, collection->records(), from, until, differing_max);
    keys.merge(affected.keys);
    return affected.ranges.empty() && keys.size() < differing_max;
  };
  if (relation == Relation::behind) {
    commit::ViewSource log(about.view(), Time{});
    if (!add(log, indexed, state)) return std::nullopt;
  }
  if (relation == Relation::ahead) {
    const std::unique_ptr<commit::View> newest = open_view();
    commit::ViewSource log(*newest, Time{});
    const bool same_past = follow::standing_of(log, table->point) == follow::Standing::good &&
                           follow::standing_of(log, follow::point_of(about.view())) == follow::Standing::good;
    if (!same_past || !add(log, state, indexed)) return std::nullopt;
  }
  if (const commit::PendingWrites* pending = about.pending(collection->records())) {
    if (drops(*pending) || keys.size() + pending->size() > differing_max) return std::nullopt;
    for (const auto& [key, write] : *pending) keys.insert(key);
  }
  return keys;
}

void TextReading::State::complete(commit::Source& about, Relation relation, const OpenView& open_view) {
  const auto keys = relation == Relation::useless ? std::nullopt : differing(about, relation, open_view);
  if (keys && keys->empty()) return;
  if (keys) {
    try {
      WordTable shared(**lease, follower->options());
      for (const Bytes& key : *keys) {
        if (const auto row = shared.find(key)) without.insert(*row);
      }
    } catch (const text::BrokenFile&) {
      follower->file().discard(**lease);
      unpin();
      return index_apart(about, std::nullopt);
    }
    return index_apart(about, keys);
  }
  unpin();
  index_apart(about, std::nullopt);
}

void TextReading::State::index_apart(commit::Source& about, const std::optional<std::set<Bytes>>& keys) {
  apart = std::make_unique<text::Connection>("");
  apart->execute("PRAGMA journal_mode=OFF");
  text::SqliteTransaction writing(*apart, text::SqliteTransaction::Kind::write);
  const TextOptions& options = follower->options();
  WordTable own(*apart, options);
  own.clear();
  if (const commit::CollectionDefinition* const collection = about.collection(follower->collection())) {
    const engine::Space records = collection->records();
    const commit::PendingWrites* const pending = about.pending(records);
    engine::Reader& reader = about.view().reader();
    if (keys) {
      for (const Bytes& key : *keys) {
        if (pending && pending->contains(key)) continue;
        if (const auto row = reader.get({records, key})) text::put_row(own, *collection, options, key, *row);
      }
    } else if (!pending || !drops(*pending)) {
      const auto cursor = reader.scan({records, {}, {}}, {});
      while (cursor->next()) {
        if (pending && pending->contains(cursor->key())) continue;
        text::put_row(own, *collection, options, Bytes(cursor->key()), cursor->value());
      }
    }
    if (pending) {
      for (const auto& [key, write] : *pending) put_write(own, write, options);
    }
  }
  own.write_totals();
  apart_rows = own.totals(no_rows).rows;
  apart_aside = own.aside();
  writing.commit();
}

text::Statistics TextReading::State::statistics_of(const text::MatchExpression& expression) {
  text::Statistics statistics;
  statistics.rows_with.resize(expression.phrases.size());
  const auto add = [&](WordTable part, const RowSet& left_out) {
    const Totals totals = part.totals(left_out);
    statistics.totals.rows += totals.rows;
    statistics.totals.tokens += totals.tokens;
    for (std::size_t i = 0; i < expression.phrases.size(); ++i) {
      statistics.rows_with[i] += part.rows_with(expression.phrases[i], left_out);
    }
  };
  if (lease) add(WordTable(**lease, follower->options()), without);
  if (apart) add(WordTable(*apart, follower->options()), no_rows);
  return statistics;
}

std::vector<TextHit> TextReading::State::search_once(std::string_view words, std::size_t limit, std::size_t offset) {
  text::Connection& any = lease ? **lease : *apart;
  const text::MatchExpression expression =
      text::parse_match(words, [&](std::string_view word) { return text::has_tokens(any, word); });
  if (limit == 0) return {};
  const text::Statistics statistics = statistics_of(expression);
  const TextOptions& options = follower->options();
  text::TopHits top(limit > std::numeric_limits<std::size_t>::max() - offset ? std::numeric_limits<std::size_t>::max()
                                                                             : limit + offset,
                    [&](text::Candidate& candidate) {
                      WordTable::Row row = WordTable(candidate.apart ? *apart : **lease, options).row(candidate.row);
                      candidate.key = std::move(row.key);
                      candidate.version = row.version;
                      candidate.known = true;
                    });
  if (lease) {
    WordTable(**lease, options).match(expression, statistics, without, [&](std::uint64_t row, double score) {
      top.add(score, row, false);
    });
  }
  if (apart) {
    WordTable(*apart, options).match(expression, statistics, no_rows, [&](std::uint64_t row, double score) {
      top.add(score, row, true);
    });
  }
  std::vector<text::Candidate> best = top.take();
  std::vector<TextHit> hits;
  for (std::size_t i = offset; i < best.size(); ++i) {
    hits.push_back({std::move(best[i].key), best[i].version, best[i].score});
  }
  return hits;
}

std::vector<TextHit> TextReading::State::search(std::string_view words, std::size_t limit, std::size_t offset) {
  try {
    return search_once(words, limit, offset);
  } catch (const text::BrokenFile& broken) {
    if (!lease) throw;
    trouble = broken.what();
    follower->file().discard(**lease);
    unpin();
    apart.reset();
    index_apart(source(), std::nullopt);
    return search_once(words, limit, offset);
  }
}

TextReading::TextReading(std::unique_ptr<State> state) : state_(std::move(state)) {}
TextReading::TextReading(TextReading&&) noexcept = default;
TextReading& TextReading::operator=(TextReading&&) noexcept = default;
TextReading::~TextReading() = default;

std::vector<TextHit> TextReading::search(std::string_view words, std::size_t limit, std::size_t offset) {
  return state_->search(words, limit, offset);
}

commit::View& TextReading::view() { return state_->source().view(); }

std::uint64_t TextReading::rows() {
  std::uint64_t rows = state_->apart_rows;
  if (state_->lease) rows += WordTable(**state_->lease, state_->follower->options()).totals(state_->without).rows;
  return rows;
}

Position TextReading::indexed() const { return state_->table ? state_->table->point.position : Position{}; }

std::uint64_t TextReading::apart() const { return state_->apart_rows; }

std::string TextReading::trouble() const {
  for (const std::string& reason : {state_->trouble, state_->follower->file().trouble(), state_->aside.reason}) {
    if (!reason.empty()) return reason;
  }
  return state_->apart_aside.reason;
}

std::uint64_t TextReading::damaged() const { return state_->aside.rows + state_->apart_aside.rows; }

}  // namespace strata::view
