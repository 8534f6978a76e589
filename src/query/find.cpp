#include "query/find.hpp"

#include <algorithm>
#include <unordered_set>

#include "codec/ordered.hpp"
#include "model/history.hpp"
#include "model/record.hpp"
#include "platform/clock.hpp"
#include "query/access.hpp"
#include "strata/error.hpp"

namespace strata::query {
namespace {

using commit::CollectionDefinition;

/// A match that outlives the row it was read from.
struct Held {
  SortKey sort_key;
  Record record;
};

class StepTimer {
 public:
  explicit StepTimer(Plan& plan) : plan_(plan), since_(platform::steady_now()) {}
  void end(std::string name) {
    const auto now = platform::steady_now();
    plan_.steps.push_back({std::move(name), now - since_});
    since_ = now;
  }

 private:
  Plan& plan_;
  platform::SteadyTime since_;
};

class Search {
 public:
  Search(commit::Source& source, const CollectionDefinition& collection, const Query& query)
      : source_(source),
        collection_(collection),
        query_(query),
        filter_(filter::Filter::parse(query.where, source.now(), query.parameters)
                    .updated_between(query.since, query.until)),
        ordering_(query.order, collection) {
    if (!query.cursor.empty()) resume_ = decode_cursor(ordering_, query.cursor);
    if (query.at) {
      moment_ = model::resolve(source, *query.at);
      model::require_history(source, collection, *moment_);
    }
  }

  Plan plan() {
    Plan plan;
    if (moment_) {
      plan.access = "history scan";
      plan.detail = "every record and every earlier version, filter checked";
      plan.rows_estimated = rows_of(source_, collection_.records()) + rows_of(source_, collection_.history());
      access_.in_order = ordering_.by_key() && !ordering_.keys_descend();
    } else {
      access_ = choose_access(source_, collection_, filter_, ordering_, query_.limit);
      plan.access = name_of(access_);
      plan.detail = access_.detail;
      plan.rows_estimated = access_.rows_estimated;
    }
    plan.sorted_in_memory = !access_.in_order && access_.kind != Access::Kind::nothing;
    return plan;
  }

  Answer run(const Visit& visit) {
    Answer answer;
    StepTimer timer(answer.plan);
    Plan planned = plan();
    planned.steps = std::move(answer.plan.steps);
    answer.plan = std::move(planned);
    timer.end("plan");
    plan_ = &answer.plan;
    collect_own();
    if (access_.in_order) {
      stream(visit);
      timer.end("read");
    } else {
      hold_all();
      timer.end("read");
      emit_held(visit);
      timer.end("sort");
    }
    if (page_end_) answer.cursor = encode_cursor(ordering_, *page_end_);
    return answer;
  }

  /// Every match once, in whatever order.
  std::uint64_t count() {
    // Nothing is hidden by expiry where nothing expires: the totals know.
    const bool all = filter_.is_trivial() && !moment_ && !source_.tracks();
    if (all && rows_of(source_, commit::expiry_space) == 0) return rows_of(source_, collection_.records());
    Plan plan = this->plan();
    plan_ = &plan;
    std::uint64_t matches = 0;
    collect_own();
    read([&](std::string_view, const codec::RecordRow&) {
      ++matches;
      return true;
    });
    return matches + own_.size();
  }

 private:
  using VisitRow = std::function<bool(std::string_view key, const codec::RecordRow& row)>;

  static std::string name_of(const Access& access) {
    switch (access.kind) {
      case Access::Kind::nothing:
        return "nothing";
      case Access::Kind::scan:
        return "scan";
      case Access::Kind::keys:
        return "key";
      case Access::Kind::index:
        return "index " + access.index->options.name;
    }
    return {};
  }

  bool after_resume(const SortKey& sort_key, std::string_view key) const {
    return !resume_ || ordering_.before(resume_->sort_key, resume_->key, sort_key, key);
  }

  /// The transaction's own writes that match, sorted.
  void collect_own() {
    pending_ = moment_ ? nullptr : source_.pending(collection_.records());
    if (!pending_) return;
    for (const auto& [key, write] : *pending_) {
      if (write.kind != commit::Write::Kind::put) continue;
      Held held{{}, model::make_record(write, source_.now())};
      if (!filter_.matches(model::view_of(held.record))) continue;
      held.sort_key = ordering_.key_of(model::view_of(held.record));
      if (after_resume(held.sort_key, key)) own_.push_back(std::move(held));
    }
    std::sort(own_.begin(), own_.end(), [&](const Held& a, const Held& b) { return held_before(a, b); });
  }

  bool held_before(const Held& a, const Held& b) const {
    return ordering_.before(a.sort_key, a.record.key, b.sort_key, b.record.key);
  }

  /// Stored records that match, own writes left aside, in the order of the access.
  void read(const VisitRow& visit) {
    if (moment_) return read_past(visit);
    if (access_.kind == Access::Kind::index) return read_index(visit);
    if (access_.kind == Access::Kind::nothing) return;
    if (access_.kind == Access::Kind::scan) {
      read_range({{}, {}}, visit);
      return;
    }
    std::vector<filter::IndexRange> ranges = access_.ranges.ranges;
    if (access_.reverse) std::reverse(ranges.begin(), ranges.end());
    for (const filter::IndexRange& range : ranges) {
      if (!read_range(range, visit)) return;
    }
  }

  /// Narrows a range of keys to what comes after the page before.
  filter::IndexRange resumed(filter::IndexRange range, const Bytes& last) const {
    if (access_.reverse) {
      if (range.end.empty() || last < range.end) range.end = last;
    } else {
      range.begin = std::max(range.begin, last + '\0');
    }
    return range;
  }

  static bool is_empty(const filter::IndexRange& range) { return !range.end.empty() && range.begin >= range.end; }

  bool read_range(filter::IndexRange range, const VisitRow& visit) {
    const commit::Space records = collection_.records();
    if (resume_ && access_.in_order) range = resumed(std::move(range), resume_->key);
    if (is_empty(range)) return true;
    const auto cursor =
        source_.scan(records, {records, range.begin, range.end}, {.reverse = access_.reverse, .limit = query_.limit});
    while (cursor->next()) {
      const bytes_view key = cursor->key();
      ++plan_->rows_visited;
      if (pending_ && pending_->contains(key)) continue;
      if (!offer(key, model::decode_row(collection_, key, cursor->value()), visit)) return false;
    }
    return true;
  }

  bool offer(std::string_view key, const codec::RecordRow& row, const VisitRow& visit) {
    if (!moment_ && model::is_expired(row.header, source_.now())) return true;
    if (!access_.ranges.exact && !filter_.matches(model::view_of(key, row))) return true;
    return visit(key, row);
  }

  void read_past(const VisitRow& visit) {
    const Bytes begin = resume_ && access_.in_order ? resume_->key + '\0' : Bytes{};
    model::scan_at(source_, collection_, *moment_, begin, [&](std::string_view key, const codec::RecordRow& row) {
      ++plan_->rows_visited;
      return offer(key, row, visit);
    });
  }

  /// The entry at which the page before ended, as this index has it.
  Bytes last_entry(const filter::IndexRange& range) const {
    bytes_view rest = range.begin;
    for (std::size_t i = 0; i < access_.ranges.fields_single; ++i) codec::take_ordered(rest);
    Bytes whole(range.begin.substr(0, range.begin.size() - rest.size()));
    for (const Bytes& field : resume_->sort_key) whole += field;
    return codec::index_entry_key(codec::stored_indexed_part(whole), resume_->key);
  }

  void read_index(const VisitRow& visit) {
    std::vector<filter::IndexRange> ranges = access_.ranges.ranges;
    if (access_.reverse) std::reverse(ranges.begin(), ranges.end());
    std::unordered_set<std::string> seen;
    const commit::Space space = access_.index->space();
    for (filter::IndexRange& range : ranges) {
      if (resume_ && access_.in_order) range = resumed(range, last_entry(range));
      if (is_empty(range)) continue;
      const auto cursor = source_.scan(collection_.records(), {space, range.begin, range.end},
                                       {.reverse = access_.reverse, .limit = query_.limit, .keys_only = true});
      while (cursor->next()) {
        ++plan_->rows_visited;
        const std::string key(codec::split_index_entry(cursor->key()).primary_key);
        if (pending_ && pending_->contains(key)) continue;
        if (!access_.one_entry_each && !seen.insert(key).second) continue;
        const auto row = source_.get(collection_.records(), key);
        if (!row) {
          throw Error(ErrorCode::corruption, "index `" + access_.index->options.name + "` of collection `" +
                                                 collection_.name + "` names record `" + key +
                                                 "`, which is not there; run `strata verify`");
        }
        if (!offer(key, model::decode_row(collection_, key, *row), visit)) return;
      }
    }
  }

  bool at_limit() const { return query_.limit > 0 && plan_->rows_matched >= query_.limit; }

  /// Hands a match over; false when that was the last.
  bool emit(const Match& match, const Visit& visit, const std::function<SortKey()>& sort_key) {
    ++plan_->rows_matched;
    if (!visit(match)) return false;
    if (!at_limit()) return true;
    page_end_ = PageEnd{sort_key(), std::string(match.key)};
    return false;
  }

  bool emit_held(const Held& held, const Visit& visit) {
    return emit({held.record.key, nullptr, &held.record}, visit, [&] { return held.sort_key; });
  }

  void stream(const Visit& visit) {
    std::size_t next_own = 0;
    bool stopped = false;
    read([&](std::string_view key, const codec::RecordRow& row) {
      const auto sort_key = [&] { return ordering_.key_of(model::view_of(key, row)); };
      if (next_own < own_.size()) {
        const SortKey mine = sort_key();
        while (next_own < own_.size() &&
               ordering_.before(own_[next_own].sort_key, own_[next_own].record.key, mine, key)) {
          if (!emit_held(own_[next_own++], visit)) return stopped = true, false;
        }
      }
      if (!emit({key, &row, nullptr}, visit, sort_key)) return stopped = true, false;
      return true;
    });
    while (!stopped && next_own < own_.size()) stopped = !emit_held(own_[next_own++], visit);
  }

  /// Keeps all matches, or the first `limit` in order: a heap whose top is the last of them.
  void hold_all() {
    held_ = std::move(own_);
    const auto order = [&](const Held& a, const Held& b) { return held_before(a, b); };
    std::make_heap(held_.begin(), held_.end(), order);
    read([&](std::string_view key, const codec::RecordRow& row) {
      SortKey sort_key = ordering_.key_of(model::view_of(key, row));
      if (!after_resume(sort_key, key)) return true;
      const bool full = query_.limit > 0 && held_.size() >= query_.limit;
      if (full && !ordering_.before(sort_key, key, held_.front().sort_key, held_.front().record.key)) return true;
      held_.push_back({std::move(sort_key), model::make_record(key, row)});
      std::push_heap(held_.begin(), held_.end(), order);
      while (query_.limit > 0 && held_.size() > query_.limit) {
        std::pop_heap(held_.begin(), held_.end(), order);
        held_.pop_back();
      }
      if (held_.size() > sorted_rows_max) {
        throw Error(ErrorCode::limit_exceeded,
                    "more than 1,000,000 records would have to be sorted in memory (sorted_rows_max); give a limit, or "
                    "an index with this order");
      }
      return true;
    });
    std::sort(held_.begin(), held_.end(), order);
  }

  void emit_held(const Visit& visit) {
    for (const Held& held : held_) {
      if (!emit_held(held, visit)) return;
    }
  }

  commit::Source& source_;
  const CollectionDefinition& collection_;
  const Query& query_;
  filter::Filter filter_;
  Ordering ordering_;
  std::optional<PageEnd> resume_;
  std::optional<model::Moment> moment_;
  Access access_;
  Plan* plan_ = nullptr;
  const commit::PendingWrites* pending_ = nullptr;
  std::vector<Held> own_;
  std::vector<Held> held_;
  std::optional<PageEnd> page_end_;
};

Plan plan_of_nothing() {
  Plan plan;
  plan.access = "nothing";
  plan.detail = "there is no such collection";
  return plan;
}

}  // namespace

Record Match::record() const { return own ? *own : model::make_record(key, *row); }

Answer find(commit::Source& source, std::string_view name, const Query& query, const Visit& visit) {
  const CollectionDefinition* collection = source.collection(name);
  if (!collection) {
    filter::Filter::parse(query.where, source.now(), query.parameters);
    return {plan_of_nothing(), {}};
  }
  return Search(source, *collection, query).run(visit);
}

Plan explain(commit::Source& source, std::string_view name, const Query& query) {
  const CollectionDefinition* collection = source.collection(name);
  return collection ? Search(source, *collection, query).plan() : plan_of_nothing();
}

std::uint64_t count(commit::Source& source, std::string_view name, const Query& query) {
  Query all = query;
  all.order.clear();
  all.limit = 0;
  all.cursor.clear();
  const CollectionDefinition* collection = source.collection(name);
  if (!collection) {
    filter::Filter::parse(query.where, source.now(), query.parameters);
    return 0;
  }
  return Search(source, *collection, all).count();
}

Value project(ValueView value, const std::vector<std::string>& fields) {
  Value out = Value::object();
  for (const std::string& field : fields) {
    const ValueView found = value.at(field);
    if (!found) continue;
    if (field.find_first_of("[\"") == std::string::npos) {
      out.set(field, found);
    } else {
      out.set('"' + field + '"', found);
    }
  }
  return out;
}

}  // namespace strata::query
