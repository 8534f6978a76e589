// One leg of a search: the records that one vector, or the words, put in order.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "commit/source.hpp"
#include "filter/filter.hpp"
#include "query/fusion.hpp"
#include "strata/search.hpp"
#include "view/views.hpp"

namespace strata::query {

/// The state is older than an index that a search needs: another state is to be opened.
class Outrun : public Error {
 public:
  using Error::Error;
};

/// What the legs of a search have in common. None of it changes while they run.
struct LegTask {
  const Search& request;
  const filter::Filter& filter;
  const std::vector<std::string>* candidates = nullptr;  ///< All that match the filter, where they were found first.
  std::size_t depth = 0;                                 ///< Hits of a leg at most.
  bool newest = false;                                   ///< The state can be opened anew: Outrun may be thrown.
};

struct LegAnswer {
  RankedLeg ranked;
  SearchPlan::Leg plan;
  std::string incomplete_because;  ///< Empty: complete.
};

/// One source, one thread at a time; what it learns of records serves the next leg over that source.
class LegSearch {
 public:
  LegSearch(view::Views& views, commit::Source& source, const commit::CollectionDefinition& collection,
            const LegTask& task);

  LegAnswer near(const Near& near);
  LegAnswer text(const TextMatch& match, view::TextReading& reading);

 private:
  bool is_excluded(std::string_view key) const;
  bool accepts(std::string_view key);
  bool is_candidate(const std::string& key);
  view::VectorAnswer compare(const VectorOptions& options, const view::VectorRequest& wanted, SearchPlan::Leg& leg);

  view::Views& views_;
  commit::Source& source_;
  const commit::CollectionDefinition& collection_;
  const LegTask& task_;
  bool excludes_;
  std::unordered_map<std::string, bool> judged_;
};

}  // namespace strata::query
