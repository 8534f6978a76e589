// The fill: key ranges, each from a short snapshot of its own, the cursor stored with what was written.
#include <algorithm>

#include "commit/derivation.hpp"
#include "follow/copying.hpp"

namespace strata::follow {
namespace {

using commit::CollectionDefinition;
using engine::Space;
using engine::SpaceGroup;

struct Range {
  std::vector<MirroredRow> rows;
  bool whole = true;  ///< Nothing follows in the space.
  std::size_t bytes = 0;
};

/// Rows from `begin` up to `end` (empty: all that follow), within the bounds.
Range read_range(engine::Reader& reader, Space space, const Bytes& begin, const Bytes& end, const CopyOptions& bounds) {
  Range range;
  const auto cursor = reader.scan({space, begin, end}, {.limit = bounds.batch_rows});
  while (cursor->next()) {
    if (range.rows.size() == bounds.batch_rows || range.bytes >= bounds.batch_bytes) {
      range.whole = false;
      break;
    }
    if (space.group() == SpaceGroup::history) commit::decode_history(cursor->value());  // checks it
    range.rows.push_back({space, Bytes(cursor->key()), Bytes(cursor->value())});
    range.bytes += cursor->key().size() + cursor->value().size();
  }
  return range;
}

}  // namespace

void Copying::start_fill() {
  const auto view = from_.view();
  point_.phase = Phase::fill;
  point_.start = point_.position = view->position();
  point_.chain = view->head().chain;
  point_.space = Space::make(SpaceGroup::record, 0);
  point_.key.clear();
  point_.rows = 0;
  batch_ = {};
  write([&](commit::Writer& writer, Mirror& mirror) { mirror_catalogue(*view, writer, mirror); });
}

/// Ascending from the cursor: records, times, histories. What the target's catalogue does not know came later, and the
/// log tells all of it; what the source's does not has been dropped.
std::optional<Space> Copying::next_space(const commit::Catalogue& source) const {
  std::vector<Space> spaces{commit::times_space};
  for (const auto& [name, known] : catalogue_->collections()) {
    const CollectionDefinition* there = source.find(known.records());
    if (!there) continue;
    spaces.push_back(known.records());
    if (known.options.history.enabled && known.history_id == there->history_id) spaces.push_back(known.history());
  }
  std::sort(spaces.begin(), spaces.end());
  const auto next = std::lower_bound(spaces.begin(), spaces.end(), point_.space);
  return next == spaces.end() ? std::nullopt : std::optional(*next);
}

std::uint64_t Copying::count_rows(commit::View& view) const {
  std::uint64_t rows = 0;
  for (const auto& [name, collection] : view.catalogue().collections()) {
    for (const Space space : {collection.records(), collection.history()}) {
      if (const auto row = view.reader().get({commit::totals_space, commit::totals_key(space)}))
        rows += codec::decode_totals(*row).rows;
    }
  }
  return rows;
}

bool Copying::fill_step() {
  if (!catalogue_) write([](commit::Writer&, Mirror&) {});  // a call that goes on learns the target's catalogue
  Range source;
  {
    const auto view = from_.view();
    if (rows_expected_ == 0) rows_expected_ = count_rows(*view);
    const auto next = next_space(view->catalogue());
    if (!next) {
      point_.phase = Phase::catch_up;
      point_.rows = 0;
      write([](commit::Writer&, Mirror&) {}, Durability::sync);
      return false;
    }
    if (*next != point_.space) point_.key.clear();
    point_.space = *next;
    source = read_range(view->reader(), point_.space, point_.key, {}, options_);
  }
  Bytes end = source.whole ? Bytes{} : source.rows.back().key + '\0';
  write([&](commit::Writer& writer, Mirror& mirror) {
    // Nothing is there, except when the fill begins anew.
    const Range target = read_range(writer.transaction(), point_.space, point_.key, end, options_);
    if (!target.whole) {
      end = target.rows.back().key + '\0';
      const auto beyond =
          std::find_if(source.rows.begin(), source.rows.end(), [&](const MirroredRow& row) { return row.key >= end; });
      source.rows.erase(beyond, source.rows.end());
    }
    mirror.replace(source.rows, target.rows);
    if (end.empty()) point_.space.id += 1;
    point_.key = end;
    point_.rows += source.rows.size();
    unsynced_bytes_ += source.bytes;
  });
  advance("copy", point_.rows, rows_expected_);
  return true;
}

}  // namespace strata::follow
