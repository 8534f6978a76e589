// Building the segments of a vector field: the first fill, then what the log says has changed, merged so that segments
// stay few. One builder at a time among all processes; readers never wait for it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "commit/view.hpp"
#include "follow/segment_directory.hpp"
#include "strata/search.hpp"
#include "view/vector/vector_view.hpp"

namespace strata::view {

struct VectorBuildOptions {
  std::size_t threads = 1;
  /// What building may take in memory, about; more rows than fit become several segments.
  std::uint64_t memory_bytes = std::uint64_t{1} << 30;
  /// Do also what is not yet worth it.
  bool everything = false;
  /// Called now and then with what is done; false stops.
  std::function<bool(std::string_view phase, std::uint64_t done, std::uint64_t total)> advance{};
};

class VectorBuilder {
 public:
  using OpenView = std::function<std::unique_ptr<commit::View>()>;
  VectorBuilder(follow::SegmentDirectory& directory, std::string collection, std::string field, OpenView open_view,
                VectorBuildOptions options);

  enum class Outcome {
    done,     ///< Everything up to the newest state is in segments, or not worth it.
    busy,     ///< Another is building.
    stopped,  ///< By `advance`.
  };
  Outcome run();

 private:
  struct Opened {
    follow::SegmentEntry entry;
    std::unique_ptr<VectorSegment> segment;
    std::uint64_t live() const;
  };
  struct NewRow {
    std::string key;
    Version version;
    std::vector<std::byte> row;
  };

  bool begin(commit::View& view);
  bool load(commit::Source& source);
  Outcome fill();
  Outcome step(std::unique_ptr<commit::View> view, bool& more);
  std::vector<NewRow> read_rows(commit::Source& source, std::vector<std::string> keys) const;
  std::size_t first_to_merge(std::uint64_t fresh) const;
  bool write_merged(std::size_t from, const std::vector<NewRow>& fresh, follow::Manifest& next);
  SegmentIndexOptions over(std::size_t rows, std::string_view phase) const;
  std::size_t rows_per_segment() const;
  bool advance(std::string_view phase, std::uint64_t done, std::uint64_t total) const;

  follow::SegmentDirectory& directory_;
  const std::string collection_;
  const std::string field_;
  OpenView open_view_;
  VectorBuildOptions options_;

  VectorOptions declared_;
  commit::CollectionDefinition vectors_;
  VectorIndex kind_ = VectorIndex::flat;
  RowShape shape_;
  std::uint64_t spec_ = 0;
  follow::Manifest manifest_;
  std::vector<Opened> segments_;
};

}  // namespace strata::view
