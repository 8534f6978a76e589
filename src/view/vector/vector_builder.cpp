#include "view/vector/vector_builder.hpp"

#include <algorithm>
#include <bit>
#include <map>

#include "follow/tail.hpp"
#include "model/record.hpp"
#include "model/vector_field.hpp"
#include "platform/clock.hpp"
#include "strata/error.hpp"

namespace strata::view {
namespace {

// Fewer rows are compared one by one faster than a walk finds the nearest.
constexpr std::size_t graph_rows_min = 512;
constexpr std::size_t lists_rows_min = 2'000;
constexpr std::size_t rows_per_view = 10'000;
constexpr std::size_t changes_per_step = 50'000;
constexpr std::size_t worth_rows = 2'000;
constexpr std::uint64_t worth_lag = 10'000;
constexpr std::size_t read_batch = 256;

bool is_dead(const follow::SegmentEntry& entry, std::size_t row) {
  return !entry.dead.empty() && (static_cast<unsigned char>(entry.dead[row / 8]) >> (row % 8) & 1U) != 0;
}

void set_dead(follow::SegmentEntry& entry, std::size_t row) {
  if (entry.dead.empty()) entry.dead.assign((entry.rows + 7) / 8, '\0');
  entry.dead[row / 8] = static_cast<char>(static_cast<unsigned char>(entry.dead[row / 8]) | 1U << (row % 8));
}

}  // namespace

std::uint64_t VectorBuilder::Opened::live() const {
  std::uint64_t dead = 0;
  for (const char byte : entry.dead)
    dead += static_cast<std::uint64_t>(std::popcount(static_cast<unsigned char>(byte)));
  return entry.rows - dead;
}

VectorBuilder::VectorBuilder(follow::SegmentDirectory& directory, std::string collection, std::string field,
                             OpenView open_view, VectorBuildOptions options)
    : directory_(directory),
      collection_(std::move(collection)),
      field_(std::move(field)),
      open_view_(std::move(open_view)),
      options_(std::move(options)) {}

bool VectorBuilder::advance(std::string_view phase, std::uint64_t done, std::uint64_t total) const {
  return !options_.advance || options_.advance(phase, done, total);
}

/// Learns what is declared; false when the field is not there any more.
bool VectorBuilder::begin(commit::View& view) {
  commit::ViewSource source(view, platform::clock().now());
  const commit::CollectionDefinition* collection = view.catalogue().find(collection_);
  const VectorOptions* declared = collection ? collection->vector(field_) : nullptr;
  const auto* vectors = view.catalogue().find(model::vector_collection_name(collection_, field_));
  if (!declared || !vectors) return false;
  declared_ = *declared;
  vectors_ = *vectors;
  const auto manifest = directory_.manifest();
  kind_ = kind_of(declared_, count_vectors(source, collection_, declared_),
                  manifest ? std::optional(kind_in(manifest->spec)) : std::nullopt);
  shape_ = segment_shape(declared_, kind_);
  spec_ = spec_of(vectors_, declared_, kind_);
  return true;
}

/// What there is; false when it must be built from the beginning.
bool VectorBuilder::load(commit::Source& source) {
  segments_.clear();
  const auto manifest = directory_.manifest();
  if (!manifest || manifest->spec != spec_) return false;
  if (follow::standing_of(source, manifest->point) != follow::Standing::good) return false;
  for (const follow::SegmentEntry& entry : manifest->segments) {
    const auto content = directory_.open(entry);
    if (!content) return false;
    try {
      segments_.push_back({entry, std::make_unique<VectorSegment>(content, shape_)});
    } catch (const Error& error) {
      if (error.code() != ErrorCode::corruption) throw;
      return false;
    }
    if (segments_.back().segment->count() != entry.rows) return false;
  }
  manifest_ = *manifest;
  return true;
}

VectorBuilder::Outcome VectorBuilder::run() {
  const auto building = directory_.try_build();
  if (!building) return Outcome::busy;
  bool more = true;
  while (more) {
    auto view = open_view_();
    if (!begin(*view)) {
      directory_.clear();
      return Outcome::done;
    }
    commit::ViewSource source(*view, platform::clock().now());
    if (load(source)) {
      if (step(std::move(view), more) == Outcome::stopped) return Outcome::stopped;
      continue;
    }
    view.reset();  // filling takes long, and no state is to be held for that
    if (fill() == Outcome::stopped) return Outcome::stopped;
  }
  return Outcome::done;
}

SegmentIndexOptions VectorBuilder::over(std::size_t rows, std::string_view phase) const {
  SegmentIndexOptions over;
  const Advance advance = [this, phase](std::size_t done, std::size_t total) {
    return this->advance(phase, done, total);
  };
  if (kind_ == VectorIndex::hnsw && rows >= graph_rows_min) {
    over.index = SegmentIndex::graph;
    over.graph = {declared_.connections, declared_.ef_construction, options_.threads, advance};
  }
  if (kind_ == VectorIndex::ivf && rows >= lists_rows_min) {
    over.index = SegmentIndex::lists;
    over.lists.threads = options_.threads;
    over.lists.advance = advance;
  }
  return over;
}

std::size_t VectorBuilder::rows_per_segment() const {
  if (kind_ != VectorIndex::hnsw) return rows_max;
  const GraphOptions graph{declared_.connections, declared_.ef_construction, options_.threads, {}};
  std::size_t rows = rows_max;
  while (rows > graph_rows_min && build_bytes(rows, graph) > options_.memory_bytes) rows /= 2;
  return rows;
}

/// Everything, from short snapshots; what changes meanwhile is in the log behind the first of them.
VectorBuilder::Outcome VectorBuilder::fill() {
  follow::Manifest next;
  next.next_number = manifest_.next_number;
  if (const auto there = directory_.manifest()) next.next_number = std::max(next.next_number, there->next_number);
  next.spec = spec_;
  std::string cursor;
  std::uint64_t done = 0;
  const std::size_t most = rows_per_segment();
  std::unique_ptr<follow::SegmentDirectory::Draft> draft;
  std::unique_ptr<VectorSegmentWriter> writer;
  const auto end_segment = [&] {
    const std::size_t rows = writer->count();
    if (!writer->end(over(rows, "index"))) return false;
    next.segments.push_back(draft->finish(rows));
    writer.reset();
    draft.reset();
    return true;
  };
  std::vector<std::byte> row(row_bytes(shape_));
  for (bool whole = false; !whole;) {
    const auto view = open_view_();
    commit::ViewSource source(*view, platform::clock().now());
    if (next.point.store_id.is_nil()) next.point = follow::point_of(*view);
    next.seen = view->position();
    const auto* vectors = view->catalogue().find(vectors_.records());
    if (!vectors) return Outcome::done;  // dropped meanwhile: the next round finds it so
    const std::uint64_t total = count_vectors(source, collection_, declared_);
    const auto rows = source.scan(vectors->records(), {vectors->records(), cursor, {}}, {.limit = rows_per_view});
    std::size_t read = 0;
    whole = true;
    while (rows->next()) {
      if (read == rows_per_view) {
        whole = false;
        break;
      }
      ++read;
      const bytes_view key = rows->key();
      cursor.assign(key).push_back('\0');
      const auto stored = read_vector(*vectors, declared_, key, rows->value(), source.now());
      if (!stored) continue;
      if (!writer) {
        draft = std::make_unique<follow::SegmentDirectory::Draft>(directory_, next.next_number++);
        writer = std::make_unique<VectorSegmentWriter>(*draft, shape_);
      }
      encode_row(shape_, stored->elements, row.data());
      writer->add(key, stored->version, row.data());
      ++done;
      if (writer->count() == most && !end_segment()) return Outcome::stopped;
    }
    if (read == rows_per_view) whole = false;
    if (!advance("vectors", done, std::max(total, done))) return Outcome::stopped;
  }
  if (writer && !end_segment()) return Outcome::stopped;
  directory_.publish(next);
  return Outcome::done;
}

std::vector<VectorBuilder::NewRow> VectorBuilder::read_rows(commit::Source& source,
                                                            std::vector<std::string> keys) const {
  std::vector<NewRow> fresh;
  std::vector<engine::Key> wanted;
  for (std::size_t begin = 0; begin < keys.size(); begin += read_batch) {
    const std::size_t end = std::min(begin + read_batch, keys.size());
    wanted.clear();
    for (std::size_t i = begin; i < end; ++i) wanted.push_back({vectors_.records(), keys[i]});
    source.get_many(wanted, [&](std::size_t number, std::optional<bytes_view> row) {
      if (!row) return;
      const std::string& key = keys[begin + number];
      const auto stored = read_vector(vectors_, declared_, key, *row, source.now());
      if (!stored) return;
      NewRow one{key, stored->version, std::vector<std::byte>(row_bytes(shape_))};
      encode_row(shape_, stored->elements, one.row.data());
      fresh.push_back(std::move(one));
    });
  }
  return fresh;
}

/// Sizes double from the newest to the oldest, so that a row is written about log2 of their number times; what is
/// mostly dead is written anew.
std::size_t VectorBuilder::first_to_merge(std::uint64_t fresh) const {
  std::uint64_t rows = fresh;
  std::size_t from = segments_.size();
  while (from > 0 && segments_[from - 1].live() <= 2 * rows) rows += segments_[--from].live();
  for (std::size_t i = 0; i < from; ++i) {
    if (segments_[i].live() * 3 < segments_[i].entry.rows * 2) return i;
  }
  return from;
}

/// The live rows of the segments from `from` on and the fresh ones, as one segment.
bool VectorBuilder::write_merged(std::size_t from, const std::vector<NewRow>& fresh, follow::Manifest& next) {
  struct Source {
    std::string_view key;
    std::size_t segment = 0;  // that number of segments: a fresh row
    std::uint32_t row = 0;
  };
  std::vector<Source> rows;
  for (std::size_t i = from; i < segments_.size(); ++i) {
    const VectorSegment& segment = *segments_[i].segment;
    for (std::uint32_t row = 0; row < segment.count(); ++row) {
      if (!is_dead(segments_[i].entry, row)) rows.push_back({segment.key(row), i, row});
    }
  }
  for (std::uint32_t i = 0; i < fresh.size(); ++i) rows.push_back({fresh[i].key, segments_.size(), i});
  if (rows.empty()) return true;
  std::sort(rows.begin(), rows.end(), [](const Source& one, const Source& other) { return one.key < other.key; });
  const std::size_t most = rows_per_segment();
  for (std::size_t begin = 0; begin < rows.size(); begin += most) {
    follow::SegmentDirectory::Draft draft(directory_, next.next_number++);
    VectorSegmentWriter writer(draft, shape_);
    const std::size_t end = std::min(rows.size(), begin + most);
    for (std::size_t i = begin; i < end; ++i) {
      const Source& one = rows[i];
      if (one.segment == segments_.size()) {
        writer.add(one.key, fresh[one.row].version, fresh[one.row].row.data());
      } else {
        const VectorSegment& segment = *segments_[one.segment].segment;
        writer.add(one.key, segment.version(one.row), segment.rows()[one.row]);
      }
    }
    if (!writer.end(over(end - begin, "index"))) return false;
    next.segments.push_back(draft.finish(end - begin));
  }
  return true;
}

/// One stretch of the log.
VectorBuilder::Outcome VectorBuilder::step(std::unique_ptr<commit::View> view, bool& more) {
  commit::ViewSource source(*view, platform::clock().now());
  const engine::Space space = vectors_.records();
  const follow::Tail tail = follow::read_tail(
      source, {manifest_.point.position, 0, 0},
      [&](const codec::Change& change) { return change.space == space ? follow::Wanted::last : follow::Wanted::no; },
      changes_per_step);
  more = !tail.whole;
  const std::uint64_t lag = tail.reached.value - manifest_.point.position.value;
  const bool worth = tail.changes.size() >= worth_rows || lag >= worth_lag || options_.everything;
  if (!worth || lag == 0) return Outcome::done;
  std::vector<std::string> keys;
  for (const follow::TailChange& change : tail.changes) {
    keys.push_back(change.key);
    for (Opened& one : segments_) {
      if (const auto row = one.segment->find(change.key)) set_dead(one.entry, *row);
    }
  }
  std::sort(keys.begin(), keys.end());
  const std::vector<NewRow> fresh = read_rows(source, std::move(keys));
  follow::Manifest next = manifest_;
  next.point = follow::advanced(source, tail.reached);
  const Position newest = view->position();
  next.seen = std::max(manifest_.seen, newest);
  view.reset();  // what follows takes long
  next.segments.clear();
  const std::size_t from = first_to_merge(fresh.size());
  for (std::size_t i = 0; i < from; ++i) {
    if (segments_[i].live() > 0) next.segments.push_back(segments_[i].entry);
  }
  if (!write_merged(from, fresh, next)) return Outcome::stopped;
  directory_.publish(next);
  if (!advance("changes", tail.reached.value, newest.value)) return Outcome::stopped;
  return Outcome::done;
}

}  // namespace strata::view
