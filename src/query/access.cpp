#include "query/access.hpp"

#include <algorithm>

#include "codec/head.hpp"
#include "commit/writer.hpp"

namespace strata::query {
namespace {

using commit::CollectionDefinition;
using commit::IndexDefinition;
using filter::Narrowing;

// So many index entries are counted at most; of an answer that is wanted as a whole more, for it costs more to be
// wrong.
constexpr std::uint64_t probe_max = 512;
constexpr std::uint64_t probe_of_all_max = 8'192;
constexpr std::uint64_t probe_share = 32;  // of the entries: one in so many
/// An index entry leads to a record by another look-up; a scan has it at hand.
constexpr double entry_cost = 3.0;
constexpr double sort_cost = 0.3;

double share_of(Narrowing narrowing) {
  switch (narrowing) {
    case Narrowing::values:
      return 0.05;
    case Narrowing::interval:
      return 0.2;
    case Narrowing::half:
      return 0.4;
    case Narrowing::present:
      return 0.9;
    case Narrowing::none:
      return 1.0;
  }
  return 1.0;
}

/// Entries in the ranges: counted while they are few, else a share of all.
std::uint64_t estimate(commit::Source& source, commit::Space space, const filter::IndexRanges& ranges,
                       std::uint64_t all, std::uint64_t probe) {
  std::uint64_t counted = 0;
  for (const filter::IndexRange& range : ranges.ranges) {
    const auto cursor =
        source.view().reader().scan({space, range.begin, range.end}, {.limit = probe, .keys_only = true});
    while (cursor->next()) {
      if (++counted < probe) continue;
      const Narrowing narrowing =
          ranges.fields_equal > 0 && ranges.next == Narrowing::none ? Narrowing::values : ranges.next;
      return std::max<std::uint64_t>(probe, static_cast<std::uint64_t>(share_of(narrowing) * static_cast<double>(all)));
    }
  }
  return counted;
}

std::string describe(const filter::IndexRanges& ranges, const Access& access) {
  std::string out = std::to_string(ranges.ranges.size()) + (ranges.ranges.size() == 1 ? " range" : " ranges");
  if (!ranges.narrows()) out = "all entries";
  if (access.reverse) out += ", backwards";
  out += access.in_order ? ", in order" : "";
  out += ranges.exact ? ", exact" : ", filter rechecked";
  return out;
}

/// Whether walking the index gives the order asked for.
bool gives_order(const IndexDefinition& index, const filter::IndexRanges& ranges, const Ordering& ordering,
                 bool& reverse) {
  const auto& fields = ordering.fields();
  if (fields.empty() || ranges.fields_single + fields.size() != index.options.fields.size()) return false;
  reverse = fields.front().descending;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const IndexField& field = index.options.fields[ranges.fields_single + i];
    if (fields[i].descending != reverse || fields[i].time != field.time) {
      const bool own_time = !filter::Path::parse_index_field(field.path).in_body();
      if (fields[i].descending != reverse || !own_time) return false;
    }
    if (filter::Path::parse_index_field(field.path) != fields[i].path) return false;
  }
  return ordering.keys_descend() == reverse;
}

class Chooser {
 public:
  Chooser(commit::Source& source, const CollectionDefinition& collection, const filter::Filter& filter,
          const Ordering& ordering, std::size_t limit)
      : source_(source),
        collection_(collection),
        filter_(filter),
        ordering_(ordering),
        limit_(limit),
        rows_(rows_of(source, collection.records())) {}

  Access choose() {
    consider_keys();
    for (const IndexDefinition& index : collection_.indexes) {
      if (index.ready) consider_index(index);
    }
    consider_orders();
    return std::move(best_);
  }

 private:
  void consider(Access access, double cost) {
    if (chosen_ && cost >= best_cost_) return;
    chosen_ = true;
    best_ = std::move(access);
    best_cost_ = cost;
  }

  double with_sort(double cost, const Access& access) const {
    return access.in_order ? cost : cost + sort_cost * static_cast<double>(access.rows_estimated);
  }

  void consider_keys() {
    Access access;
    access.ranges = filter_.ranges_of_keys();
    access.in_order = ordering_.by_key();
    access.reverse = access.in_order && ordering_.keys_descend();
    if (access.ranges.ranges.empty()) {
      access.kind = Access::Kind::nothing;
      access.detail = "no record can match";
      matches_ = 0;
      return consider(std::move(access), 0);
    }
    if (access.ranges.narrows()) {
      access.kind = Access::Kind::keys;
      access.rows_estimated = estimate(source_, collection_.records(), access.ranges, rows_, probe(rows_));
      matches_ = std::min(matches_, access.rows_estimated);
    } else {
      access.kind = Access::Kind::scan;
      access.ranges = {};
      access.rows_estimated = rows_;
      if (filter_.is_trivial() && access.in_order && limit_ > 0)
        access.rows_estimated = std::min<std::uint64_t>(rows_, limit_);
    }
    access.detail = access.kind == Access::Kind::scan
                        ? std::string(filter_.is_trivial() ? "every record" : "every record, filter checked") +
                              (access.in_order ? ", in order" : "")
                        : describe(access.ranges, access);
    const double cost = with_sort(static_cast<double>(access.rows_estimated), access);
    consider(std::move(access), cost);
  }

  void consider_index(const IndexDefinition& index) {
    const std::uint64_t entries = rows_of(source_, index.space());
    Access access;
    access.kind = Access::Kind::index;
    access.index = &index;
    access.one_entry_each = entries == rows_;
    filter::IndexShape shape;
    const bool holds_text = rows_of(source_, index.text_space()) > 0;
    for (const IndexField& field : index.options.fields) {
      shape.push_back({field.path, field.time, !access.one_entry_each, holds_text});
    }
    access.ranges = filter_.ranges_for(shape);
    bool reverse = false;
    access.in_order = access.one_entry_each && gives_order(index, access.ranges, ordering_, reverse);
    access.reverse = access.in_order && reverse;
    if (!access.ranges.narrows()) {
      if (access.in_order) orders_.push_back(std::move(access));
      return;
    }
    access.rows_estimated = estimate(source_, index.space(), access.ranges, entries, probe(entries));
    matches_ = std::min(matches_, access.rows_estimated);
    access.detail = describe(access.ranges, access);
    double cost = with_sort(entry_cost * static_cast<double>(access.rows_estimated), access);
    if (access.in_order && access.ranges.exact && limit_ > 0)
      cost = std::min(cost, entry_cost * static_cast<double>(limit_));
    consider(std::move(access), cost);
  }

  std::uint64_t probe(std::uint64_t entries) const {
    return limit_ > 0 ? probe_max : std::clamp(entries / probe_share, probe_max, probe_of_all_max);
  }

  /// Indexes that only give the order: worth it when a limit ends the walk early.
  void consider_orders() {
    for (Access& access : orders_) {
      double visited = static_cast<double>(rows_);
      if (limit_ > 0) {
        const double share =
            filter_.is_trivial()
                ? 1.0
                : std::max(1.0, static_cast<double>(std::min(matches_, rows_ / 10 + 1))) / std::max(1.0, visited);
        visited = std::min(visited, static_cast<double>(limit_) / share);
      }
      access.rows_estimated = static_cast<std::uint64_t>(visited);
      access.detail = describe(access.ranges, access);
      consider(std::move(access), entry_cost * visited);
    }
  }

  commit::Source& source_;
  const CollectionDefinition& collection_;
  const filter::Filter& filter_;
  const Ordering& ordering_;
  std::size_t limit_;
  std::uint64_t rows_;
  std::uint64_t matches_ = ~std::uint64_t{0};  ///< At most so many records match, as far as is known.
  std::vector<Access> orders_;
  Access best_;
  double best_cost_ = 0;
  bool chosen_ = false;
};

}  // namespace

std::uint64_t rows_of(commit::Source& source, commit::Space space) {
  const auto row = source.view().reader().get({commit::totals_space, commit::totals_key(space)});
  return row ? codec::decode_totals(*row).rows : 0;
}

Access choose_access(commit::Source& source, const CollectionDefinition& collection, const filter::Filter& filter,
                     const Ordering& ordering, std::size_t limit) {
  return Chooser(source, collection, filter, ordering, limit).choose();
}

}  // namespace strata::query
