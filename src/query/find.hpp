// Answers a query over one collection.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "codec/record.hpp"
#include "commit/source.hpp"
#include "strata/collection.hpp"

namespace strata::query {

/// A record that matched; looks into the reader, and is valid during the visit alone.
struct Match {
  std::string_view key;
  const codec::RecordRow* row = nullptr;  ///< As stored; null for one that
  const Record* own = nullptr;            ///< the transaction itself wrote, or that was kept for sorting.

  Record record() const;
};

struct Answer {
  Plan plan;
  std::string cursor;  ///< Set when the limit ended the answer.
};

using Visit = std::function<bool(const Match&)>;

/// Visits the matches in the query's order, at most `limit` of them. The visitor returns false to stop, and must not
/// use the source.
Answer find(commit::Source& source, std::string_view collection, const Query& query, const Visit& visit);
/// The plan alone.
Plan explain(commit::Source& source, std::string_view collection, const Query& query);
/// How many match (limit and cursor are not looked at).
std::uint64_t count(commit::Source& source, std::string_view collection, const Query& query);
/// Only the named paths of a value, each where it was.
Value project(ValueView value, const std::vector<std::string>& fields);

/// Rows that may be held for sorting without a limit. Beyond: `limit_exceeded`.
inline constexpr std::size_t sorted_rows_max = 1'000'000;

}  // namespace strata::query
