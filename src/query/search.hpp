// Answers a search: its legs, one after the other, over one state; then their ranks become one.
#pragma once

#include <string_view>

#include "commit/source.hpp"
#include "strata/search.hpp"
#include "view/views.hpp"

namespace strata::query {

/// Over the newest state.
SearchResult search(view::Views& views, std::string_view collection, const Search& request);
/// Over the state of a source, whatever it is. What a transaction finds through vectors becomes part of its footprint,
/// what it finds through text does not.
SearchResult search_at(view::Views& views, commit::Source& source, std::string_view collection, const Search& request);

/// `invalid_argument` or `limit_exceeded` unless it can be asked for.
void check_search(const Search& request);

}  // namespace strata::query
