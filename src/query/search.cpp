#include "query/search.hpp"

#include <algorithm>
#include <cmath>
#include <future>
#include <limits>
#include <system_error>
#include <unordered_set>

#include "filter/filter.hpp"
#include "model/record.hpp"
#include "model/vector_field.hpp"
#include "platform/clock.hpp"
#include "query/access.hpp"
#include "query/find.hpp"
#include "query/fusion.hpp"
#include "query/graph_ground.hpp"
#include "query/near_target.hpp"
#include "query/search_leg.hpp"
#include "query/traversal.hpp"
#include "strata/error.hpp"

namespace strata::query {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t limit_max = 10'000;
constexpr std::size_t legs_max = 16;
// So few candidates are compared one by one faster than a walk finds those among them.
constexpr std::uint64_t candidates_few = 2'000;
constexpr std::uint64_t candidates_share = 50;  // of the records: one in so many
// Each leg gives more than is asked for, so that what one ranks low and another high is found by both.
constexpr std::size_t fused_depth = 4;
constexpr std::size_t fused_depth_min = 50;
constexpr int follow_attempts = 5;
// Below that a leg is done before a thread has begun.
constexpr std::uint64_t records_worth_threads = 10'000;

class Searching {
 public:
  /// `open_view`: of the newest state, where that is asked for; an empty one otherwise. `text`: as of the source's
  /// state.
  Searching(view::Views& views, commit::Source& source, std::string_view collection, const Search& request, bool newest,
            const view::OpenView& open_view, const std::function<view::TextReading&()>& text)
      : views_(views),
        source_(source),
        request_(request),
        open_view_(open_view),
        text_(text),
        began_(Clock::now()),
        collection_(model::require_collection(source, collection)),
        filter_(filter::Filter::parse(request.where, source.now(), request.parameters)
                    .updated_between(request.since, request.until)),
        task_{request, filter_, nullptr, depth(), newest} {}

  const filter::Filter& filter() const { return filter_; }
  const commit::CollectionDefinition& collection() const { return collection_; }

  SearchResult run() {
    result_.position = source_.view().position();
    choose_candidates();
    if (request_.within) keep_within(*request_.within);
    std::vector<LegAnswer> answers = side_by_side();
    if (answers.empty()) answers = in_turn();
    std::vector<RankedLeg> legs;
    for (LegAnswer& answer : answers) {
      if (!answer.incomplete_because.empty()) {
        result_.complete = false;
        result_.incomplete_because = std::move(answer.incomplete_because);
      }
      result_.plan.legs.push_back(std::move(answer.plan));
      legs.push_back(std::move(answer.ranked));
    }
    take_hits(fuse(legs, request_.fusion));
    result_.plan.method = method();
    result_.plan.time = Clock::now() - began_;
    return std::move(result_);
  }

 private:
  std::size_t leg_count() const { return request_.near.size() + (request_.text ? 1 : 0); }

  std::size_t depth() const {
    return leg_count() > 1 ? std::max(request_.limit * fused_depth, fused_depth_min) : request_.limit;
  }

  std::string method() const {
    if (leg_count() > 1) return candidates_ ? "filter first, then fused" : "fused";
    if (candidates_) return "filter first";
    return request_.text ? "text" : request_.exact ? "exact" : "index";
  }

  /// Where an index tells that few records match, they are found first.
  void choose_candidates() {
    if (filter_.is_trivial()) return;
    const auto began = Clock::now();
    const Access access = choose_access(source_, collection_, filter_, Ordering({}, collection_), 0);
    SearchPlan::Leg leg;
    leg.name = "filter";
    leg.rows_estimated = access.rows_estimated;
    leg.indexed = result_.position;
    const std::uint64_t records = rows_of(source_, collection_.records());
    const bool few = access.kind != Access::Kind::scan &&
                     access.rows_estimated <= std::max(candidates_few, records / candidates_share);
    if (few || records <= candidates_few) {
      candidates_ = matching_keys(leg);
      task_.candidates = &*candidates_;
    } else {
      leg.access = "each candidate";
    }
    leg.time = Clock::now() - began;
    result_.plan.legs.push_back(std::move(leg));
  }

  /// Of the candidates, or of all records that match, those that the walk comes to.
  void keep_within(const Within& within) {
    const auto began = Clock::now();
    Follow follow;
    follow.direction = within.direction;
    follow.types = within.types;
    GraphGround ground(views_.adjacency(), source_, follow);
    Traversal traversal;
    traversal.start = {within.node};
    traversal.hops = within.hops;
    const TraversalResult walked = traverse(ground.neighbours(), traversal);
    const std::string prefix = model::record_node(collection_.name, {});
    std::vector<std::string> keys;
    const auto take = [&](std::string_view node) {
      if (node.starts_with(prefix) && node.size() - prefix.size() <= user_key_bytes_max && node.size() > prefix.size())
        keys.emplace_back(node.substr(prefix.size()));
    };
    take(within.node);
    for (const Reached& reached : walked.nodes) take(reached.node);
    if (candidates_) {
      const std::unordered_set<std::string> matching(candidates_->begin(), candidates_->end());
      std::erase_if(keys, [&](const std::string& key) { return !matching.contains(key); });
    } else {
      std::erase_if(keys, [&](const std::string& key) {
        const auto record = model::get_record(source_, collection_.name, key);
        return !record || !filter_.matches(model::view_of(*record));
      });
    }
    SearchPlan::Leg leg;
    leg.name = "within";
    leg.access = ground.access();
    leg.rows_visited = walked.plan.edges_visited;
    leg.rows_matched = keys.size();
    leg.indexed = result_.position;
    leg.time = Clock::now() - began;
    result_.plan.legs.push_back(std::move(leg));
    candidates_ = std::move(keys);
    task_.candidates = &*candidates_;
  }

  std::vector<std::string> matching_keys(SearchPlan::Leg& leg) {
    std::vector<std::string> keys;
    Query query;
    query.where = request_.where;
    query.parameters = request_.parameters;
    query.since = request_.since;
    query.until = request_.until;
    const Answer answer = find(source_, collection_.name, query, [&](const Match& match) {
      keys.emplace_back(match.key);
      return true;
    });
    leg.access = answer.plan.access;
    leg.detail = answer.plan.detail;
    leg.rows_visited = answer.plan.rows_visited;
    leg.rows_matched = keys.size();
    return keys;
  }

  std::vector<LegAnswer> in_turn() {
    LegSearch search(views_, source_, collection_, task_);
    std::vector<LegAnswer> answers;
    for (const Near& near : request_.near) answers.push_back(search.near(near));
    if (request_.text) answers.push_back(search.text(*request_.text, text_()));
    return answers;
  }

  /// Each leg in a thread of its own, over a view of its own of the same state; the last one here. Nothing where that
  /// would gain nothing or cannot be had.
  std::vector<LegAnswer> side_by_side() {
    if (!open_view_ || leg_count() < 2 || candidates_ ||
        rows_of(source_, collection_.records()) < records_worth_threads) {
      return {};
    }
    struct Leg {
      std::unique_ptr<commit::View> view;
      std::unique_ptr<commit::ViewSource> source;
    };
    std::vector<Leg> own(leg_count() - 1);
    for (Leg& leg : own) {
      try {
        leg.view = open_view_();
      } catch (const Error& error) {
        if (error.code() == ErrorCode::busy) return {};  // one view is all there is: in turn, then
        throw;
      }
      // Somebody has committed meanwhile.
      if (leg.view->position() != result_.position) return {};
      leg.source = std::make_unique<commit::ViewSource>(*leg.view, source_.now());
    }
    std::vector<std::future<LegAnswer>> running;  // destroyed before what they use: their destructors wait
    for (std::size_t i = 0; i < own.size(); ++i) {
      const auto work = [this, &leg = own[i], &near = request_.near[i]] {
        return LegSearch(views_, *leg.source, model::require_collection(*leg.source, collection_.name), task_)
            .near(near);
      };
      try {
        running.push_back(std::async(std::launch::async, work));
      } catch (const std::system_error&) {  // no thread to be had: the leg runs when its answer is asked for
        running.push_back(std::async(std::launch::deferred, work));
      }
    }
    LegSearch here(views_, source_, collection_, task_);
    LegAnswer last = request_.text ? here.text(*request_.text, text_()) : here.near(request_.near.back());
    std::vector<LegAnswer> answers;
    for (auto& leg : running) answers.push_back(leg.get());
    answers.push_back(std::move(last));
    return answers;
  }

  void take_hits(std::vector<FusedHit> fused) {
    for (FusedHit& one : fused) {
      if (result_.hits.size() == request_.limit) break;
      auto record = model::get_record(source_, collection_.name, one.key);
      if (!record) continue;
      Hit hit;
      if (request_.snippets && request_.text && one.ranks.back() > 0) {
        const TextOptions& options = model::require_text(collection_, request_.text->name);
        hit.snippet = views_.text(collection_.name, options)->snippet(record->value, request_.text->words);
      }
      if (!request_.fields.empty()) record->value = project(record->value, request_.fields);
      hit.record = std::move(*record);
      hit.score = one.score;
      for (std::size_t leg = 0; leg < request_.near.size(); ++leg)
        hit.similarities.push_back(one.scores[leg].value_or(std::numeric_limits<double>::quiet_NaN()));
      if (request_.text) hit.text_score = one.scores.back();
      hit.ranks = std::move(one.ranks);
      result_.hits.push_back(std::move(hit));
    }
  }

  view::Views& views_;
  commit::Source& source_;
  const Search& request_;
  const view::OpenView& open_view_;
  const std::function<view::TextReading&()>& text_;
  Clock::time_point began_;
  const commit::CollectionDefinition& collection_;
  filter::Filter filter_;
  LegTask task_;
  std::optional<std::vector<std::string>> candidates_;  ///< All that match the filter.
  SearchResult result_;
};

/// What the answer depends on; nothing when an index is not as it should be, so that asking anew may find more.
std::optional<view::SearchCache::Ground> ground_of(view::Views& views, commit::Source& source,
                                                   const commit::CollectionDefinition& collection,
                                                   const Search& request) {
  view::SearchCache::Ground ground;
  ground.spaces.push_back(collection.records());
  if (request.within) {
    // Should there be no edges yet, the first will change the catalogue.
    if (const auto* edges = source.collection(model::edges_name)) ground.spaces.push_back(edges->records());
  }
  for (const Near& near : request.near) {
    const VectorOptions& options = model::require_vector(collection, near.field);
    const auto* vectors = source.collection(model::vector_collection_name(collection.name, options.field));
    if (!vectors) return std::nullopt;
    ground.spaces.push_back(vectors->records());
    if (request.exact) continue;
    const auto view = views.vector(collection.name, options.field);
    if (!view->follow(source, options) || view->wants_building()) return std::nullopt;
    ground.stamps.push_back(view->directory().manifest_stamp());
  }
  return ground;
}

/// One attempt over the newest state.
SearchResult search_newest(view::Views& views, commit::View& state, std::string_view collection, const Search& request,
                           bool may_be_outrun, view::TextReading* reading) {
  commit::ViewSource source(state, platform::clock().now());
  const view::OpenView open_view = views.open_view();
  const std::function<view::TextReading&()> text = [&]() -> view::TextReading& { return *reading; };
  Searching searching(views, source, collection, request, may_be_outrun, open_view, text);
  auto ground = ground_of(views, source, searching.collection(), request);
  if (!ground) return searching.run();
  const auto began = Clock::now();
  const Bytes identity = view::identity_of(collection, request, searching.filter().to_string());
  if (auto known = views.search_cache().find(identity, source, *ground)) {
    known->plan.method = "kept answer: " + known->plan.method;
    known->plan.time = Clock::now() - began;
    return std::move(*known);
  }
  SearchResult result = searching.run();
  views.search_cache().keep(identity, source, std::move(*ground), result);
  return result;
}

}  // namespace

void check_search(const Search& request) {
  const auto refuse = [](const std::string& why) { throw Error(ErrorCode::invalid_argument, why); };
  if (request.near.empty() && !request.text)
    refuse("a search needs a vector or words; `find` looks for records by a filter alone");
  if (request.near.size() > legs_max) refuse("a search has at most 16 vectors");
  if (request.limit == 0 || request.limit > limit_max)
    refuse("a search gives 1 to 10000 hits, not " + std::to_string(request.limit));
  for (const Near& near : request.near) check_near(near);
  if (request.within) model::check_node(request.within->node);
  if (request.text && (!std::isfinite(request.text->weight) || request.text->weight < 0))
    refuse("a weight must be a number from 0 on");
}

SearchResult search(view::Views& views, std::string_view collection, const Search& request) {
  check_search(request);
  const view::OpenView open_view = views.open_view();
  for (int attempt = 1;; ++attempt) {
    std::unique_ptr<commit::View> view = open_view();
    std::optional<view::TextReading> reading;
    commit::View* state = view.get();
    if (request.text) {
      commit::ViewSource now(*view, platform::clock().now());
      const TextOptions options = model::require_text(model::require_collection(now, collection), request.text->name);
      view.reset();
      reading.emplace(views.text(std::string(collection), options)->read(open_view));
      state = &reading->view();
    }
    try {
      return search_newest(views, *state, collection, request, attempt < follow_attempts,
                           reading ? &*reading : nullptr);
    } catch (const Outrun&) {
      continue;  // the last attempt compares with everything
    }
  }
}

SearchResult search_at(view::Views& views, commit::Source& source, std::string_view collection, const Search& request) {
  check_search(request);
  std::optional<view::TextReading> reading;
  const std::function<view::TextReading&()> text = [&]() -> view::TextReading& {
    const TextOptions& options = model::require_text(model::require_collection(source, collection), request.text->name);
    if (!reading) reading.emplace(views.text(std::string(collection), options)->read_at(source, views.open_view()));
    return *reading;
  };
  return Searching(views, source, collection, request, false, nullptr, text).run();
}

}  // namespace strata::query
