// The index of one vector field, as one process holds it: the segments that the manifest names, and behind them, in
// memory, what the log says has changed since. Both together are the field at the newest state that was looked at.
//
// The stored vectors are the truth: what the index finds is read there again, compared exactly, and left out unless it
// still has the version that was found. Where the index cannot answer, the caller compares with every stored vector.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "commit/source.hpp"
#include "follow/segment_directory.hpp"
#include "strata/search.hpp"
#include "view/vector/vector_segment.hpp"

namespace strata::view {

/// Whether a record may be a hit.
using AcceptKey = std::function<bool(std::string_view key)>;

struct VectorHit {
  std::string key;
  double similarity = 0;
};

struct VectorRequest {
  std::span<const float> vector;
  std::size_t k = 10;
  std::optional<double> similarity_min{};
  AcceptKey accept{};      ///< Empty: every record.
  std::size_t effort = 0;  ///< As Search::effort.
};

struct VectorAnswer {
  std::vector<VectorHit> hits;  ///< The most alike first; equal ones by key.
  std::uint64_t compared = 0;   ///< Vectors.
  std::string access;           ///< `hnsw`, `flat`, `ivf`, `scan`.
  std::string detail;
  Position indexed;
  /// Every vector that was accepted has been compared.
  bool exhaustive = false;
  /// There are k hits, or all that there are; similarity_min left aside.
  bool enough = false;
};

/// Compares with every stored vector as the source shows them, its own writes included.
VectorAnswer scan_vectors(commit::Source& source, const std::string& collection, const VectorOptions& options,
                          const VectorRequest& request);
/// Compares with the vectors of these records alone.
VectorAnswer compare_vectors(commit::Source& source, const std::string& collection, const VectorOptions& options,
                             const VectorRequest& request, std::span<const std::string> keys);

/// How many vectors there are.
std::uint64_t count_vectors(commit::Source& source, const std::string& collection, const VectorOptions& options);

/// The kind that is to answer, where the declaration leaves it open. `present`: the one that does, which stays while it
/// is not far from the best.
VectorIndex kind_of(const VectorOptions& options, std::uint64_t vectors, std::optional<VectorIndex> present);

/// All that decides what the segments hold: in the upper half a hash of what makes a row; below it one of what is made
/// of the rows, and in the lowest byte the kind.
std::uint64_t spec_of(const commit::CollectionDefinition& vectors, const VectorOptions& options, VectorIndex kind);
inline bool same_rows(std::uint64_t spec, std::uint64_t other) { return spec >> 32 == other >> 32; }
inline VectorIndex kind_in(std::uint64_t spec) { return static_cast<VectorIndex>(spec & 0xff); }

/// The rows of segments of a kind: the type that is declared where answers are exact, else 8 bits.
RowShape segment_shape(const VectorOptions& options, VectorIndex kind);

/// A vector as it is stored; nothing when it is absent or has expired.
struct StoredVector {
  Version version;
  std::vector<float> elements;
};
std::optional<StoredVector> read_vector(const commit::CollectionDefinition& vectors, const VectorOptions& options,
                                        std::string_view key, bytes_view row, Time now);

struct TailRow {
  std::string key;
  Version version;
  bool dead = false;
};

/// Vectors in memory, of the type that they are declared with.
class VectorTail {
 public:
  explicit VectorTail(const RowShape& shape) : shape_(shape), row_bytes_(row_bytes(shape)) {}
  void add(std::string_view key, Version version, std::span<const float> vector);
  /// What was there under the key is dead.
  void remove(std::string_view key);
  Rows rows() const { return {shape_, bytes_.data(), rows_.size()}; }
  const TailRow& row(std::uint32_t number) const { return rows_[number]; }
  std::size_t size() const { return rows_.size(); }
  std::size_t live() const { return by_key_.size(); }
  std::size_t memory() const { return bytes_.size() + rows_.size() * sizeof(TailRow); }

 private:
  RowShape shape_;
  std::size_t row_bytes_;
  std::vector<std::byte> bytes_;
  std::vector<TailRow> rows_;
  std::unordered_map<std::string, std::uint32_t> by_key_;
};

class ExactHits;

/// Thread-safe.
class VectorView {
 public:
  /// `directory`: where its segments lie; empty: in memory.
  VectorView(std::string directory, std::string collection, std::string field);

  /// Brings it to the state of the source. False when it cannot answer for that state: then why() says so.
  bool follow(commit::Source& source, const VectorOptions& options);
  std::string why() const;
  /// It has seen a newer state.
  bool ahead_of(Position state) const;

  /// Nothing unless the index stands at the state of the source.
  std::optional<VectorAnswer> search(commit::Source& source, const VectorOptions& options,
                                     const VectorRequest& request) const;

  /// There is more to be indexed than should be compared one by one.
  bool wants_building() const { return wants_building_; }
  struct State {
    VectorIndex in_use = VectorIndex::flat;
    Position indexed;
    std::uint64_t unindexed = 0;
    std::uint64_t segments = 0;
    std::uint64_t file_bytes = 0;
  };
  State state() const;

  follow::SegmentDirectory& directory() { return directory_; }
  const std::string& collection() const { return collection_; }
  const std::string& field() const { return field_; }

 private:
  struct Loaded {
    follow::SegmentEntry entry;
    std::unique_ptr<VectorSegment> segment;
    std::vector<bool> dead;
    std::size_t dead_rows = 0;
  };
  struct Candidate {
    std::string_view key;
    Version version;
    float score = 0;
  };

  bool load(commit::Source& source, const VectorOptions& options);
  /// `before`: segments that were open before, to be taken over as far as they are still named.
  bool load_segments(const follow::Manifest& manifest, const RowShape& shape, std::vector<Loaded>& before,
                     std::string* why);
  bool fill_tail(commit::Source& source, const commit::CollectionDefinition& vectors, const VectorOptions& options);
  bool catch_up(commit::Source& source, const VectorOptions& options);
  void supersede(std::string_view key);
  bool segments_are_sound() const;
  bool give_up(std::string why, bool building_helps);
  std::vector<Candidate> candidates(const VectorOptions& options, const VectorRequest& request, std::size_t wanted,
                                    std::uint64_t& compared) const;
  /// How many of them are still what was found.
  std::size_t rank_exactly(commit::Source& source, const commit::CollectionDefinition& vectors,
                           const VectorOptions& options, const std::vector<Candidate>& found, ExactHits& best) const;

  follow::SegmentDirectory directory_;
  const std::string collection_;
  const std::string field_;

  mutable std::shared_mutex mutex_;
  bool loaded_ = false;
  std::uint64_t stamp_ = 0;
  VectorOptions options_;
  VectorIndex kind_ = VectorIndex::flat;
  follow::ViewPoint point_;  ///< Where the memory stands: segments and tail tell all up to here.
  Position indexed_;         ///< The segments alone.
  std::vector<Loaded> segments_;
  std::optional<VectorTail> tail_;
  std::string why_;
  mutable std::atomic<bool> wants_building_{false};
};

}  // namespace strata::view
