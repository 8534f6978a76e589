#include "query/search_leg.hpp"

#include <algorithm>
#include <chrono>

#include "model/record.hpp"
#include "model/vector_field.hpp"
#include "query/find.hpp"
#include "query/near_target.hpp"
#include "strata/error.hpp"

namespace strata::query {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

LegSearch::LegSearch(view::Views& views, commit::Source& source, const commit::CollectionDefinition& collection,
                     const LegTask& task)
    : views_(views),
      source_(source),
      collection_(collection),
      task_(task),
      excludes_(std::any_of(task.request.near.begin(), task.request.near.end(),
                            [](const Near& near) { return !near.like.empty(); })) {}

/// What others are to be like is no hit itself.
bool LegSearch::is_excluded(std::string_view key) const {
  return excludes_ && std::any_of(task_.request.near.begin(), task_.request.near.end(),
                                  [&](const Near& near) { return near.like == key; });
}

bool LegSearch::accepts(std::string_view key) {
  if (is_excluded(key)) return false;
  if (task_.filter.is_trivial()) return true;
  const auto known = judged_.find(std::string(key));
  if (known != judged_.end()) return known->second;
  const auto record = model::get_record(source_, collection_.name, key);
  const bool accepted = record && task_.filter.matches(model::view_of(*record));
  judged_.emplace(key, accepted);
  return accepted;
}

/// The text index knows nothing of expiry.
bool LegSearch::is_candidate(const std::string& key) {
  if (is_excluded(key)) return false;
  // What the filter does not know of was found out for the candidates alone.
  if (task_.request.within) return judged_.contains(key);
  if (!task_.filter.is_trivial()) return accepts(key);
  return model::get_record(source_, collection_.name, key).has_value();
}

LegAnswer LegSearch::near(const Near& near) {
  const auto began = Clock::now();
  const VectorOptions& options = model::require_vector(collection_, near.field);
  const std::vector<float> vector = target_of(source_, collection_, near, options);
  view::VectorRequest wanted;
  wanted.vector = vector;
  wanted.k = task_.depth;
  wanted.similarity_min = near.similarity;
  wanted.effort = task_.request.effort;
  if (!task_.filter.is_trivial() || excludes_) wanted.accept = [this](std::string_view key) { return accepts(key); };
  LegAnswer out;
  out.ranked.weight = near.weight;
  out.plan.name = "vector " + options.field;
  out.plan.rows_estimated = view::count_vectors(source_, collection_.name, options);
  view::VectorAnswer answer = compare(options, wanted, out.plan);
  out.plan.access = answer.access;
  if (out.plan.detail.empty()) out.plan.detail = answer.detail;
  out.plan.rows_visited = answer.compared;
  out.plan.rows_matched = answer.hits.size();
  out.plan.indexed = answer.indexed;
  for (view::VectorHit& hit : answer.hits) out.ranked.hits.push_back({std::move(hit.key), hit.similarity});
  out.plan.time = Clock::now() - began;
  return out;
}

view::VectorAnswer LegSearch::compare(const VectorOptions& options, const view::VectorRequest& wanted,
                                      SearchPlan::Leg& leg) {
  if (task_.candidates) {
    std::vector<std::string> keys;
    for (const std::string& key : *task_.candidates) {
      if (!is_excluded(key)) keys.push_back(key);
    }
    return view::compare_vectors(source_, collection_.name, options, wanted, keys);
  }
  if (task_.request.exact || source_.tracks()) return view::scan_vectors(source_, collection_.name, options, wanted);
  const auto view = views_.vector(collection_.name, options.field);
  std::optional<view::VectorAnswer> answer;
  const bool follows = view->follow(source_, options);
  if (follows) answer = view->search(source_, options, wanted);
  if (view->wants_building()) views_.want_building(view);
  if (answer && answer->enough) return std::move(*answer);
  if (task_.newest && ((follows && !answer) || view->ahead_of(source_.view().position())))
    throw Outrun(ErrorCode::conflict, "the index has seen a newer state");
  if (!follows) leg.detail = "the index cannot answer: " + view->why();
  if (answer) leg.detail = "the index found too few";
  return view::scan_vectors(source_, collection_.name, options, wanted);
}

LegAnswer LegSearch::text(const TextMatch& match, view::TextReading& reading) {
  const auto began = Clock::now();
  LegAnswer out;
  out.ranked.weight = match.weight;
  out.plan.name = "text " + model::require_text(collection_, match.name).name;
  out.plan.access = "fts";
  if (task_.candidates) {
    for (const std::string& key : *task_.candidates) judged_.emplace(key, true);
  }
  std::vector<LegHit>& found = out.ranked.hits;
  std::size_t page = task_.filter.is_trivial() && !task_.candidates ? task_.depth + 8 : task_.depth * 4;
  for (std::size_t offset = 0; found.size() < task_.depth; offset += page, page *= 2) {
    const std::vector<view::TextHit> hits = reading.search(match.words, page, offset);
    out.plan.rows_visited += hits.size();
    for (const view::TextHit& hit : hits) {
      if (found.size() < task_.depth && is_candidate(hit.key)) found.push_back({hit.key, hit.score});
    }
    if (hits.size() < page) break;
  }
  out.plan.rows_estimated = reading.rows();
  out.plan.rows_matched = found.size();
  out.plan.indexed = reading.indexed();
  if (reading.apart() > 0) out.plan.detail = std::to_string(reading.apart()) + " records indexed for this search alone";
  if (!reading.trouble().empty()) out.plan.detail = reading.trouble();
  if (reading.damaged() > 0) out.incomplete_because = reading.trouble();
  out.plan.time = Clock::now() - began;
  return out;
}

}  // namespace strata::query
