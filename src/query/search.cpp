#include "query/search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "filter/filter.hpp"
#include "model/record.hpp"
#include "model/vector_field.hpp"
#include "platform/clock.hpp"
#include "query/access.hpp"
#include "query/find.hpp"
#include "query/fusion.hpp"
#include "query/near_target.hpp"
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

/// The state is older than an index that a search needs: another state is to be opened.
class Outrun : public Error {
 public:
  using Error::Error;
};

class Searching {
 public:
  /// `newest`: a state that can be opened anew. `text`: as of the source's state.
  Searching(view::Views& views, commit::Source& source, std::string_view collection, const Search& request, bool newest,
            const std::function<view::TextReading&()>& text)
      : views_(views),
        source_(source),
        request_(request),
        newest_(newest),
        text_(text),
        began_(Clock::now()),
        collection_(model::require_collection(source, collection)),
        filter_(filter::Filter::parse(request.where, source.now(), request.parameters)
                    .updated_between(request.since, request.until)),
        excludes_(std::any_of(request.near.begin(), request.near.end(),
                              [](const Near& near) { return !near.like.empty(); })) {}

  SearchResult run() {
    result_.position = source_.view().position();
    choose_candidates();
    std::vector<RankedLeg> legs;
    for (const Near& near : request_.near) legs.push_back(near_leg(near));
    if (request_.text) legs.push_back(text_leg(*request_.text));
    take_hits(fuse(legs, request_.fusion));
    result_.plan.method = method();
    result_.plan.time = Clock::now() - began_;
    return std::move(result_);
  }

 private:
  std::size_t depth() const {
    const bool several = request_.near.size() + (request_.text ? 1 : 0) > 1;
    return several ? std::max(request_.limit * fused_depth, fused_depth_min) : request_.limit;
  }

  std::string method() const {
    const bool several = result_.plan.legs.size() - (filter_leg_ ? 1 : 0) > 1;
    if (several) return candidates_ ? "filter first, then fused" : "fused";
    if (candidates_) return "filter first";
    return request_.text ? "text" : request_.exact ? "exact" : "index";
  }

  /// What others are to be like is no hit itself.
  bool is_excluded(std::string_view key) const {
    return excludes_ &&
           std::any_of(request_.near.begin(), request_.near.end(), [&](const Near& near) { return near.like == key; });
  }

  bool accepts(std::string_view key) {
    if (is_excluded(key)) return false;
    if (filter_.is_trivial()) return true;
    const auto known = judged_.find(std::string(key));
    if (known != judged_.end()) return known->second;
    const auto record = model::get_record(source_, collection_.name, key);
    const bool accepted = record && filter_.matches(model::view_of(*record));
    judged_.emplace(key, accepted);
    return accepted;
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
    } else {
      leg.access = "each candidate";
    }
    leg.time = Clock::now() - began;
    filter_leg_ = true;
    result_.plan.legs.push_back(std::move(leg));
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
      judged_.emplace(match.key, true);
      return true;
    });
    leg.access = answer.plan.access;
    leg.detail = answer.plan.detail;
    leg.rows_visited = answer.plan.rows_visited;
    leg.rows_matched = keys.size();
    return keys;
  }

  RankedLeg near_leg(const Near& near) {
    const auto began = Clock::now();
    const VectorOptions& options = model::require_vector(collection_, near.field);
    const std::vector<float> vector = target_of(source_, collection_, near, options);
    view::VectorRequest wanted;
    wanted.vector = vector;
    wanted.k = depth();
    wanted.similarity_min = near.similarity;
    wanted.effort = request_.effort;
    if (!filter_.is_trivial() || excludes_) wanted.accept = [this](std::string_view key) { return accepts(key); };
    SearchPlan::Leg leg;
    leg.name = "vector " + options.field;
    leg.rows_estimated = view::count_vectors(source_, collection_.name, options);
    view::VectorAnswer answer = compare(options, wanted, leg);
    leg.access = answer.access;
    if (leg.detail.empty()) leg.detail = answer.detail;
    leg.rows_visited = answer.compared;
    leg.rows_matched = answer.hits.size();
    leg.indexed = answer.indexed;
    leg.time = Clock::now() - began;
    result_.plan.legs.push_back(std::move(leg));
    RankedLeg ranked{{}, near.weight};
    for (view::VectorHit& hit : answer.hits) ranked.hits.push_back({std::move(hit.key), hit.similarity});
    return ranked;
  }

  view::VectorAnswer compare(const VectorOptions& options, const view::VectorRequest& wanted, SearchPlan::Leg& leg) {
    if (candidates_) {
      std::vector<std::string> keys;
      for (const std::string& key : *candidates_) {
        if (!is_excluded(key)) keys.push_back(key);
      }
      return view::compare_vectors(source_, collection_.name, options, wanted, keys);
    }
    if (request_.exact || source_.tracks()) return view::scan_vectors(source_, collection_.name, options, wanted);
    const auto view = views_.vector(collection_.name, options.field);
    std::optional<view::VectorAnswer> answer;
    const bool follows = view->follow(source_, options);
    if (follows) answer = view->search(source_, options, wanted);
    if (view->wants_building()) views_.want_building(view);
    if (answer && answer->enough) return std::move(*answer);
    if (newest_ && ((follows && !answer) || view->ahead_of(result_.position)))
      throw Outrun(ErrorCode::conflict, "the index has seen a newer state");
    if (!follows) leg.detail = "the index cannot answer: " + view->why();
    if (answer) leg.detail = "the index found too few";
    return view::scan_vectors(source_, collection_.name, options, wanted);
  }

  RankedLeg text_leg(const TextMatch& match) {
    const auto began = Clock::now();
    const TextOptions& options = model::require_text(collection_, match.name);
    view::TextReading& reading = text_();
    RankedLeg ranked{{}, match.weight};
    SearchPlan::Leg leg;
    leg.name = "text " + options.name;
    leg.access = "fts";
    const std::size_t wanted = depth();
    std::size_t page = filter_.is_trivial() ? wanted + 8 : wanted * 4;
    for (std::size_t offset = 0; ranked.hits.size() < wanted; offset += page, page *= 2) {
      const std::vector<view::TextHit> hits = reading.search(match.words, page, offset);
      leg.rows_visited += hits.size();
      for (const view::TextHit& hit : hits) {
        if (ranked.hits.size() < wanted && is_candidate(hit.key)) ranked.hits.push_back({hit.key, hit.score});
      }
      if (hits.size() < page) break;
    }
    leg.rows_estimated = reading.rows();
    leg.rows_matched = ranked.hits.size();
    leg.indexed = reading.indexed();
    if (reading.apart() > 0) leg.detail = std::to_string(reading.apart()) + " records indexed for this search alone";
    if (!reading.trouble().empty()) leg.detail = reading.trouble();
    if (reading.damaged() > 0) {
      result_.complete = false;
      result_.incomplete_because = reading.trouble();
    }
    leg.time = Clock::now() - began;
    result_.plan.legs.push_back(std::move(leg));
    return ranked;
  }

  /// The text index knows nothing of expiry.
  bool is_candidate(const std::string& key) {
    if (is_excluded(key)) return false;
    if (!filter_.is_trivial()) return accepts(key);
    return model::get_record(source_, collection_.name, key).has_value();
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
  bool newest_;
  const std::function<view::TextReading&()>& text_;
  Clock::time_point began_;
  const commit::CollectionDefinition& collection_;
  filter::Filter filter_;
  bool excludes_;
  std::optional<std::vector<std::string>> candidates_;  ///< All that match the filter.
  bool filter_leg_ = false;
  std::unordered_map<std::string, bool> judged_;
  SearchResult result_;
};

}  // namespace

void check_search(const Search& request) {
  const auto refuse = [](const std::string& why) { throw Error(ErrorCode::invalid_argument, why); };
  if (request.near.empty() && !request.text)
    refuse("a search needs a vector or words; `find` looks for records by a filter alone");
  if (request.near.size() > legs_max) refuse("a search has at most 16 vectors");
  if (request.limit == 0 || request.limit > limit_max)
    refuse("a search gives 1 to 10000 hits, not " + std::to_string(request.limit));
  for (const Near& near : request.near) check_near(near);
  if (request.text && (!std::isfinite(request.text->weight) || request.text->weight < 0))
    refuse("a weight must be a number from 0 on");
}

SearchResult search(view::Views& views, std::string_view collection, const Search& request) {
  check_search(request);
  const view::OpenView open_view = views.open_view();
  for (int attempt = 1;; ++attempt) {
    std::unique_ptr<commit::View> view;
    std::optional<view::TextReading> reading;
    commit::View* state = nullptr;
    if (request.text) {
      view = open_view();
      commit::ViewSource now(*view, platform::clock().now());
      const TextOptions options = model::require_text(model::require_collection(now, collection), request.text->name);
      view.reset();
      reading.emplace(views.text(std::string(collection), options)->read(open_view));
      state = &reading->view();
    } else {
      view = open_view();
      state = view.get();
    }
    commit::ViewSource source(*state, platform::clock().now());
    try {
      const std::function<view::TextReading&()> text = [&]() -> view::TextReading& { return *reading; };
      return Searching(views, source, collection, request, attempt < follow_attempts, text).run();
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
  return Searching(views, source, collection, request, false, text).run();
}

}  // namespace strata::query
