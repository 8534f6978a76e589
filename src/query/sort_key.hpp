// The order of an answer: by fields, then by key; and where a page ended.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "commit/catalogue.hpp"
#include "filter/filter.hpp"
#include "strata/collection.hpp"

namespace strata::query {

/// Ordered encodings of the fields to sort by, in turn.
using SortKey = std::vector<Bytes>;

struct SortField {
  filter::Path path;
  std::string text;   ///< The path as the query has it.
  bool time = false;  ///< An index declares the field as a time: it sorts as one, whichever way it is reached.
  bool descending = false;
};

class Ordering {
 public:
  /// `invalid_argument` for malformed paths.
  Ordering(const std::vector<Order>& order, const commit::CollectionDefinition& collection);

  const std::vector<SortField>& fields() const { return fields_; }
  /// By key alone.
  bool by_key() const { return fields_.empty(); }
  /// Equal fields are followed by key in the direction of the last field.
  bool keys_descend() const { return keys_descend_; }

  /// An array sorts by its smallest element, or its largest when descending.
  SortKey key_of(const filter::RecordView& record) const;
  /// Whether (a, a_key) comes before (b, b_key).
  bool before(const SortKey& a, std::string_view a_key, const SortKey& b, std::string_view b_key) const;
  /// The same fields in the same directions give the same number.
  std::uint64_t signature() const;

 private:
  std::vector<SortField> fields_;
  bool keys_descend_ = false;
};

/// Where a page ended.
struct PageEnd {
  SortKey sort_key;
  std::string key;
};

std::string encode_cursor(const Ordering& ordering, const PageEnd& end);
/// `invalid_argument` for what is no cursor, or one of a query with another order.
PageEnd decode_cursor(const Ordering& ordering, std::string_view cursor);

}  // namespace strata::query
