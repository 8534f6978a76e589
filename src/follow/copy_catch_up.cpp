// Following: what the log says changed is looked up in a snapshot, and written as it is there.
#include <algorithm>

#include "codec/ordered.hpp"
#include "codec/varint.hpp"
#include "commit/derivation.hpp"
#include "commit/source.hpp"
#include "follow/copying.hpp"
#include "follow/log_reader.hpp"
#include "platform/clock.hpp"
#include "strata/error.hpp"

namespace strata::follow {
namespace {

using commit::CollectionDefinition;
using engine::Space;

constexpr std::uint64_t first_changes = 20'000;
constexpr std::size_t keys_at_once_min = 16, keys_at_once_max = 1000;

}  // namespace

void Copying::push(MirroredRow row) {
  batch_.bytes += row.key.size() + (row.row ? row.row->size() : 0);
  batch_.rows.push_back(std::move(row));
  if (batch_.rows.size() >= options_.batch_rows || batch_.bytes >= options_.batch_bytes) flush();
}

void Copying::flush() {
  write([&](commit::Writer&, Mirror& mirror) {
    for (const EmptyRange& range : batch_.ranges) mirror.empty(range);
    mirror.apply(batch_.rows);
    unsynced_bytes_ += batch_.bytes;
  });
  batch_ = {};
}

Copying::Changes Copying::read_changes(commit::View& view, std::uint64_t changes_max) {
  Changes changes;
  changes.last = point_.position;
  changes.chain = point_.chain;
  commit::ViewSource source(view, platform::clock().now());
  read_log(source, point_.position, [&](const codec::Entry& entry) {
    for (const codec::Change& change : entry.changes) {
      ++changes.count;
      if (change.space == commit::catalogue_space) {
        changes.catalogue = true;
      } else if (change.operation == codec::Operation::erase_range) {
        changes.ranges.push_back({change.space, change.key, change.end_key});
      } else if (change.operation != codec::Operation::drop) {  // the catalogue says what is gone
        changes.keys[change.space].insert(change.key);
      }
    }
    changes.last = entry.position;
    changes.chain = entry.chain;
    return changes.count < changes_max;
  });
  return changes;
}

/// Earlier versions that came since our position stand first, the newest in front; what the source has trimmed stood
/// behind its oldest.
void Copying::take_over_history(commit::View& view, const CollectionDefinition& collection, const Bytes& key) {
  const Space space = collection.history();
  const Bytes begin = key + '\0';
  const Bytes end = codec::prefix_end(begin);
  std::optional<Bytes> oldest;
  {
    const auto cursor = view.reader().scan({space, begin, end}, {.reverse = true, .limit = 1, .keys_only = true});
    if (cursor->next()) oldest = cursor->key();
  }
  batch_.ranges.push_back({space, oldest ? *oldest + '\0' : begin, end});
  if (!oldest) return;
  const auto cursor = view.reader().scan({space, begin, end}, {.limit = 4});
  while (cursor->next()) {
    const bool known = commit::decode_history(cursor->value()).until <= point_.position;
    if (known) break;
    push({space, Bytes(cursor->key()), Bytes(cursor->value())});
  }
}

void Copying::take_over(commit::View& view, const CollectionDefinition& collection, const Keys& keys) {
  const std::shared_ptr<const commit::Catalogue> catalogue = catalogue_;  // a flush may replace it
  const CollectionDefinition* known = catalogue->find(collection.records());
  if (!known) return;
  const bool history = known->options.history.enabled && known->history_id == collection.history_id;
  auto next = keys.begin();
  while (next != keys.end()) {
    std::vector<engine::Key> asked;
    for (; next != keys.end() && asked.size() < keys_at_once_; ++next) asked.push_back({collection.records(), *next});
    std::vector<MirroredRow> rows(asked.size());
    std::size_t bytes = 0;
    view.reader().get_many(asked, [&](std::size_t index, std::optional<bytes_view> value) {
      rows[index] = {asked[index].space, Bytes(asked[index].bytes), std::nullopt};
      if (value) rows[index].row.emplace(*value), bytes += value->size();
    });
    keys_at_once_ = std::clamp(options_.batch_bytes * rows.size() / (bytes + 1), keys_at_once_min, keys_at_once_max);
    for (MirroredRow& row : rows) {
      if (history) take_over_history(view, collection, row.key);
      push(std::move(row));
    }
  }
}

/// Whatever is here and not in the source goes.
void Copying::take_over_range(commit::View& view, const EmptyRange& range) {
  Bytes begin = range.begin;
  for (;;) {
    Keys there;
    {
      const auto snapshot = to_.engine().snapshot();
      const auto cursor =
          snapshot->scan({range.space, begin, range.end}, {.limit = keys_at_once_max, .keys_only = true});
      while (there.size() < keys_at_once_max && cursor->next()) there.emplace(cursor->key());
    }
    const CollectionDefinition* collection = view.catalogue().find(range.space);
    if (there.empty() || !collection) return;
    begin = *there.rbegin() + '\0';
    take_over(view, *collection, there);
  }
}

void Copying::take_over_times(commit::View& view) {
  Bytes last;
  {
    const auto snapshot = to_.engine().snapshot();
    const auto cursor = snapshot->scan({commit::times_space, {}, {}}, {.reverse = true, .limit = 1});
    if (cursor->next()) last = cursor->key();
  }
  // From the last one on: the same moment may stand for a later position by now.
  const auto cursor = view.reader().scan({commit::times_space, last, {}}, {});
  while (cursor->next()) push({commit::times_space, Bytes(cursor->key()), Bytes(cursor->value())});
}

/// History is neither logged nor digested. A store whose upkeep has swept meanwhile may have less than the copy.
void Copying::check_history(commit::View& view) const {
  const auto snapshot = to_.engine().snapshot();
  const auto rows_in = [](engine::Reader& reader, Space space) {
    const auto row = reader.get({commit::totals_space, commit::totals_key(space)});
    return row ? codec::decode_totals(*row).rows : 0;
  };
  for (const auto& [name, collection] : view.catalogue().collections()) {
    if (!collection.options.history.enabled) continue;
    const std::uint64_t there = rows_in(view.reader(), collection.history());
    const std::uint64_t here = rows_in(*snapshot, collection.history());
    if (here < there) {
      throw Error(ErrorCode::corruption, "the history of collection `" + name + "` has " + std::to_string(there) +
                                             " rows in the source, " + std::to_string(here) +
                                             " in the target; run `strata verify` on the source");
    }
  }
}

bool Copying::catch_up_step(std::uint64_t changes_max) {
  const auto view = from_.view();
  if (view->position() < point_.position) {
    throw Error(ErrorCode::invalid_argument,
                "the source has gone back since the copy was begun; delete the target, and copy again");
  }
  const Changes changes = read_changes(*view, changes_max);
  if (changes.catalogue)
    write([&](commit::Writer& writer, Mirror& mirror) { mirror_catalogue(*view, writer, mirror); });
  for (const EmptyRange& range : changes.ranges) take_over_range(*view, range);
  flush();
  for (const auto& [space, keys] : changes.keys) {
    if (const CollectionDefinition* collection = view->catalogue().find(space)) take_over(*view, *collection, keys);
  }
  take_over_times(*view);
  flush();
  const bool there = changes.last == view->position();
  if (there) check_history(*view);
  point_.position = changes.last;
  point_.chain = changes.chain;
  point_.rows += changes.count;
  if (there) {
    point_.phase = Phase::check;
    point_.rows = 0;
    point_.digest = {};
    point_.space = Space{};
    point_.key.clear();
    point_.head = codec::encode_head(view->head());
  }
  write([](commit::Writer&, Mirror&) {});
  advance("catch up", point_.position.value - point_.start.value, view->position().value - point_.start.value);
  return there;
}

/// A step that did not reach the end is followed by one of twice the size: the last takes all that is left, however
/// fast others write.
void Copying::catch_up() {
  if (!catalogue_) write([](commit::Writer&, Mirror&) {});
  std::uint64_t changes_max = first_changes;
  while (!catch_up_step(changes_max)) changes_max *= 2;
}

}  // namespace strata::follow
