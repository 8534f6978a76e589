// What one process of a crew does.
#pragma once

#include "tests/process/crew.hpp"

namespace strata {

/// Commits until the position is `options.commits` beyond where the store began; returns the exit code. One that was
/// started again first finds out what became of its last commit.
int work_as_writer(const CrewOptions& options, std::size_t number, const ReportPipe<Report>& reports,
                   const platform::Sign* begin);
/// Compares what must agree within one snapshot, over and over, until then.
int work_as_reader(const CrewOptions& options, std::size_t number, const ReportPipe<Report>& reports,
                   const platform::Sign* begin);

}  // namespace strata
