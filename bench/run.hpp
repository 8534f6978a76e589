// What one measured piece of work came to.
#pragma once

#include <cstdint>

#include "bench/contender.hpp"
#include "cli/measurement.hpp"

namespace strata::bench {

using cli::Measurement;

struct Run {
  Measurement times;             ///< Of each commit, query, ... (see the section)
  double seconds = 0;            ///< From the first to the last.
  std::uint64_t operations = 0;  ///< Records written, read, ...
  Contender::Counts counts;

  double rate() const { return seconds > 0 ? static_cast<double>(operations) / seconds : 0; }

  /// Side by side: the same time, more work.
  void join(const Run& other) {
    times.add(other.times.all());
    seconds = other.seconds > seconds ? other.seconds : seconds;
    operations += other.operations;
    counts.commits += other.counts.commits;
    counts.syncs += other.counts.syncs;
  }
  /// One after the other.
  void append(const Run& other) {
    const double total = seconds + other.seconds;
    join(other);
    seconds = total;
  }
};

}  // namespace strata::bench
