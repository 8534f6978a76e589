#include "view/vector/vector_view.hpp"

#include <algorithm>
#include <mutex>

#include "follow/tail.hpp"
#include "model/vector_field.hpp"
#include "strata/error.hpp"
#include "view/vector/exact_hits.hpp"
#include "view/vector/nearest.hpp"

namespace strata::view {
namespace {

// What may lie in memory, compared one by one; beyond that it is to be built into segments, and until then the stored
// vectors are compared.
constexpr std::size_t tail_rows_max = 20'000;
constexpr std::size_t tail_bytes_max = std::size_t{32} << 20;
// What is worth building.
constexpr std::size_t build_rows = 2'000;
constexpr std::size_t build_bytes_min = std::size_t{4} << 20;
constexpr std::uint64_t build_lag = 50'000;
constexpr int load_attempts = 8;
constexpr std::size_t read_batch = 256;

bool fits_tail(std::size_t rows, std::size_t row_size) {
  return rows <= tail_rows_max && rows * row_size <= tail_bytes_max;
}

bool is_worth_building(std::size_t rows, std::size_t row_size) {
  return rows >= build_rows || rows * row_size >= build_bytes_min;
}

std::vector<bool> bits_of(const follow::SegmentEntry& entry) {
  std::vector<bool> bits(entry.rows);
  for (std::size_t row = 0; row < entry.rows && !entry.dead.empty(); ++row)
    bits[row] = (static_cast<unsigned char>(entry.dead[row / 8]) >> (row % 8) & 1U) != 0;
  return bits;
}

RowShape declared_shape(const VectorOptions& options) { return {options.metric, options.type, options.dimension}; }

const commit::CollectionDefinition* vectors_in(commit::Source& source, const std::string& collection,
                                               const VectorOptions& options) {
  return source.collection(model::vector_collection_name(collection, options.field));
}

}  // namespace

void VectorTail::add(std::string_view key, Version version, std::span<const float> vector) {
  remove(key);
  const auto number = static_cast<std::uint32_t>(rows_.size());
  bytes_.resize(bytes_.size() + row_bytes_);
  encode_row(shape_, vector, bytes_.data() + number * row_bytes_);
  rows_.push_back({std::string(key), version});
  by_key_.emplace(key, number);
}

void VectorTail::remove(std::string_view key) {
  const auto found = by_key_.find(std::string(key));
  if (found == by_key_.end()) return;
  rows_[found->second].dead = true;
  by_key_.erase(found);
}

VectorView::VectorView(std::string directory, std::string collection, std::string field)
    : directory_(std::move(directory)), collection_(std::move(collection)), field_(std::move(field)) {}

bool VectorView::give_up(std::string why, bool building_helps) {
  loaded_ = false;
  segments_.clear();
  tail_.reset();
  why_ = std::move(why);
  if (building_helps) wants_building_ = true;
  return false;
}

bool VectorView::follow(commit::Source& source, const VectorOptions& options) {
  const Position state = source.view().position();
  const std::uint64_t stamp = directory_.manifest_stamp();
  {
    const std::shared_lock lock(mutex_);
    if (loaded_ && stamp_ == stamp && point_.position == state && options_ == options && segments_are_sound())
      return true;
  }
  const std::unique_lock lock(mutex_);
  const bool fresh = !loaded_ || stamp_ != stamp || !(options_ == options) || !segments_are_sound();
  if (fresh && !load(source, options)) return false;
  return catch_up(source, options);
}

bool VectorView::segments_are_sound() const {
  for (const Loaded& one : segments_) {
    switch (directory_.condition(one.entry, one.segment->content())) {
      case follow::SegmentDirectory::Condition::as_opened:
        break;
      case follow::SegmentDirectory::Condition::gone:
        wants_building_ = true;  // what is mapped stays good; others cannot open it
        break;
      case follow::SegmentDirectory::Condition::changed:
        return false;
    }
  }
  return true;
}

bool VectorView::load(commit::Source& source, const VectorOptions& options) {
  std::vector<Loaded> before = std::move(segments_);
  give_up({}, false);
  options_ = options;
  const commit::CollectionDefinition* vectors = vectors_in(source, collection_, options);
  if (!vectors) return give_up("the vector field is not declared in this state", false);
  const std::uint64_t count = count_vectors(source, collection_, options);
  std::string why = "it has not been built yet";
  for (int attempt = 0; attempt < load_attempts; ++attempt) {
    stamp_ = directory_.manifest_stamp();
    const auto manifest = directory_.manifest(&why);
    if (!manifest) break;
    const std::uint64_t wanted = spec_of(*vectors, options, kind_of(options, count, kind_in(manifest->spec)));
    if (!same_rows(manifest->spec, wanted)) {
      why = "it was built for another declaration";
      break;
    }
    const follow::Standing standing = follow::standing_of(source, manifest->point);
    if (standing != follow::Standing::good) {
      why = standing == follow::Standing::gap     ? "the log no longer reaches back to where it stands"
            : standing == follow::Standing::ahead ? "it is ahead of the state that is asked"
                                                  : "it belongs to another store or another past of this one";
      break;
    }
    if (manifest->seen > source.view().position()) {
      why = "it is ahead of the state that is asked";
      break;
    }
    kind_ = kind_in(manifest->spec);
    if (!load_segments(*manifest, segment_shape(options, kind_), before, &why)) {
      if (directory_.manifest_stamp() != stamp_) continue;  // they went with the manifest that named them
      break;
    }
    wants_building_ = manifest->spec != wanted;
    point_ = manifest->point;
    indexed_ = manifest->point.position;
    tail_.emplace(declared_shape(options));
    why_.clear();
    loaded_ = true;
    return true;
  }
  if (!fits_tail(count, row_bytes(declared_shape(options)))) return give_up(why, true);
  return fill_tail(source, *vectors, options);
}

bool VectorView::load_segments(const follow::Manifest& manifest, const RowShape& shape, std::vector<Loaded>& before,
                               std::string* why) {
  segments_.clear();
  for (const follow::SegmentEntry& entry : manifest.segments) {
    Loaded one{entry, nullptr, bits_of(entry)};
    one.dead_rows = static_cast<std::size_t>(std::count(one.dead.begin(), one.dead.end(), true));
    const auto there = std::find_if(before.begin(), before.end(), [&](const Loaded& other) {
      return other.segment && other.entry.number == entry.number && other.entry.checksum == entry.checksum &&
             other.segment->rows().shape() == shape &&
             directory_.condition(entry, other.segment->content()) == follow::SegmentDirectory::Condition::as_opened;
    });
    if (there != before.end()) {
      one.segment = std::move(there->segment);
      segments_.push_back(std::move(one));
      continue;
    }
    const auto content = directory_.open(entry, why);
    if (!content) return false;
    try {
      one.segment = std::make_unique<VectorSegment>(content, shape);
    } catch (const Error& error) {
      *why = error.what();
      return false;
    }
    if (one.segment->count() != entry.rows) {
      *why = "a segment has another number of rows than the manifest says";
      return false;
    }
    segments_.push_back(std::move(one));
  }
  return true;
}

/// Few enough to be held in memory as a whole: no files are needed.
bool VectorView::fill_tail(commit::Source& source, const commit::CollectionDefinition& vectors,
                           const VectorOptions& options) {
  segments_.clear();
  kind_ = VectorIndex::flat;
  tail_.emplace(declared_shape(options));
  const auto cursor = source.scan(vectors.records(), {vectors.records(), {}, {}}, {});
  while (cursor->next()) {
    if (const auto stored = read_vector(vectors, options, cursor->key(), cursor->value(), source.now()))
      tail_->add(cursor->key(), stored->version, stored->elements);
  }
  point_ = follow::point_of(source.view());
  indexed_ = Position{};
  why_.clear();
  loaded_ = true;
  const bool graph_is_due = options.index == VectorIndex::hnsw || options.index == VectorIndex::ivf;
  const std::size_t row_size = row_bytes(declared_shape(options));
  wants_building_ = is_worth_building(tail_->size(), row_size) || (graph_is_due && tail_->size() >= build_rows);
  return true;
}

void VectorView::supersede(std::string_view key) {
  tail_->remove(key);
  for (Loaded& one : segments_) {
    const auto row = one.segment->find(key);
    if (!row || one.dead[*row]) continue;
    one.dead[*row] = true;
    ++one.dead_rows;
  }
}

bool VectorView::catch_up(commit::Source& source, const VectorOptions& options) {
  const Position state = source.view().position();
  if (state == point_.position) return true;
  if (state < point_.position) {
    why_ = "the state that is asked is older than what the index has seen";
    return false;
  }
  const commit::CollectionDefinition* vectors = vectors_in(source, collection_, options);
  if (!vectors) return give_up("the vector field is not declared in this state", false);
  const engine::Space space = vectors->records();
  follow::Tail tail;
  try {
    tail = follow::read_tail(
        source, {point_.position, 0, 0},
        [&](const codec::Change& change) { return change.space == space ? follow::Wanted::last : follow::Wanted::no; },
        tail_rows_max);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::gap) throw;
    return give_up("the log no longer reaches back to where it stands", true);
  }
  const std::size_t row_size = row_bytes(declared_shape(options));
  if (!tail.whole || !fits_tail(tail_->size() + tail.changes.size(), row_size))
    return give_up("more has changed since it was built than is compared one by one", true);
  std::vector<engine::Key> keys;
  std::size_t begin = 0;
  for (const follow::TailChange& change : tail.changes) {
    if (change.operation != codec::Operation::put && change.operation != codec::Operation::erase)
      return give_up("its vectors were dropped", true);
    supersede(change.key);
    keys.push_back({space, change.key});
  }
  while (begin < keys.size()) {
    const std::span<const engine::Key> part(keys.data() + begin, std::min(read_batch, keys.size() - begin));
    source.get_many(part, [&](std::size_t number, std::optional<bytes_view> row) {
      if (!row) return;
      const bytes_view key = part[number].bytes;
      if (const auto stored = read_vector(*vectors, options, key, *row, source.now()))
        tail_->add(key, stored->version, stored->elements);
    });
    begin += part.size();
  }
  point_ = follow::point_of(source.view());
  if (is_worth_building(tail_->size(), row_size) || state.value - indexed_.value > build_lag) wants_building_ = true;
  return true;
}

std::vector<VectorView::Candidate> VectorView::candidates(const VectorOptions& options, const VectorRequest& request,
                                                          std::size_t wanted, std::uint64_t& compared) const {
  std::vector<Candidate> found;
  std::vector<Neighbor> neighbors;
  const Target target(segment_shape(options, kind_), request.vector);
  for (const Loaded& one : segments_) {
    const VectorSegment& segment = *one.segment;
    const Accept accept = [&](std::uint32_t row) {
      return !one.dead[row] && (!request.accept || request.accept(segment.key(row)));
    };
    const bool all = one.dead_rows == 0 && !request.accept;
    neighbors.clear();
    if (segment.graph()) {
      const std::size_t effort = std::max(request.effort > 0 ? request.effort : ef_default(request.k), wanted);
      compared += segment.graph()->search(target, wanted, effort, all ? Accept() : accept, neighbors);
    } else if (segment.lists()) {
      const std::size_t effort =
          std::max(request.effort > 0 ? request.effort : effort_default(segment.count(), request.k), wanted);
      compared += segment.lists()->search(target, wanted, effort, all ? Accept() : accept, neighbors);
    } else {
      neighbors = find_nearest(segment.rows(), target, {.k = wanted}, all ? Accept() : accept);
      compared += segment.count();
    }
    for (const Neighbor& neighbor : neighbors)
      found.push_back({segment.key(neighbor.row), segment.version(neighbor.row), neighbor.score});
  }
  const Target tail_target(declared_shape(options), request.vector);
  const Accept accept = [&](std::uint32_t row) {
    const TailRow& one = tail_->row(row);
    return !one.dead && (!request.accept || request.accept(one.key));
  };
  for (const Neighbor& neighbor : find_nearest(tail_->rows(), tail_target, {.k = wanted}, accept))
    found.push_back({tail_->row(neighbor.row).key, tail_->row(neighbor.row).version, neighbor.score});
  compared += tail_->size();
  std::sort(found.begin(), found.end(), [](const Candidate& one, const Candidate& other) {
    return one.score != other.score ? one.score > other.score : one.key < other.key;
  });
  if (found.size() > wanted) found.resize(wanted);
  return found;
}

std::size_t VectorView::rank_exactly(commit::Source& source, const commit::CollectionDefinition& vectors,
                                     const VectorOptions& options, const std::vector<Candidate>& found,
                                     ExactHits& best) const {
  std::vector<engine::Key> keys;
  keys.reserve(found.size());
  for (const Candidate& one : found) keys.push_back({vectors.records(), one.key});
  std::size_t good = 0;
  source.get_many(keys, [&](std::size_t number, std::optional<bytes_view> row) {
    if (!row) return;
    const auto stored = read_vector(vectors, options, found[number].key, *row, source.now());
    if (!stored || stored->version != found[number].version) return;
    ++good;
    best.offer(found[number].key, stored->elements);
  });
  return good;
}

std::optional<VectorAnswer> VectorView::search(commit::Source& source, const VectorOptions& options,
                                               const VectorRequest& request) const {
  const std::shared_lock lock(mutex_);
  if (!loaded_ || point_.position != source.view().position()) return std::nullopt;
  const commit::CollectionDefinition* vectors = vectors_in(source, collection_, options);
  if (!vectors) return std::nullopt;
  std::size_t live = tail_->live();
  for (const Loaded& one : segments_) live += one.segment->count() - one.dead_rows;
  // Rows of 8 bits are near to the truth: some more of them are compared exactly.
  const bool rounded = segment_shape(options, kind_).type == ElementType::i8;
  std::size_t wanted = request.k + (rounded ? std::max<std::size_t>(request.k, 22) : 4);
  VectorAnswer answer;
  for (;;) {
    ExactHits best(options, request);
    const auto found = candidates(options, request, wanted, answer.compared);
    const std::size_t good = rank_exactly(source, *vectors, options, found, best);
    answer.hits = best.take();
    const bool no_more = found.size() < wanted;
    if (good >= request.k || no_more || wanted >= live) {
      const bool whole = kind_ == VectorIndex::flat && (!rounded || no_more);
      answer.exhaustive = whole;
      answer.enough = good >= request.k || whole;
      break;
    }
    wanted = std::min(wanted * 4, std::max<std::size_t>(live, 1));
  }
  answer.access = segments_.empty() ? "flat" : to_string(kind_);
  answer.detail = std::to_string(segments_.size()) + (segments_.size() == 1 ? " segment" : " segments") + " and " +
                  std::to_string(tail_->live()) + " vectors in memory";
  answer.indexed = indexed_;
  return answer;
}

bool VectorView::ahead_of(Position state) const {
  const std::shared_lock lock(mutex_);
  return loaded_ && point_.position > state;
}

std::string VectorView::why() const {
  const std::shared_lock lock(mutex_);
  return why_;
}

VectorView::State VectorView::state() const {
  const std::shared_lock lock(mutex_);
  State state;
  state.in_use = loaded_ ? kind_ : VectorIndex::flat;
  state.indexed = indexed_;
  state.unindexed = tail_ ? tail_->size() : 0;
  state.segments = segments_.size();
  state.file_bytes = directory_.file_bytes();
  return state;
}

}  // namespace strata::view
