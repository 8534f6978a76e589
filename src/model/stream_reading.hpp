// Reading events, of one stream or of all. Memory does not grow with their number.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "commit/source.hpp"
#include "strata/stream.hpp"

namespace strata::model {

using EventVisitor = std::function<bool(const Event&)>;

/// What the source's own transaction appends is not seen; what it erases is gone.
void scan_stream(commit::Source& source, std::string_view stream, const EventQuery& query, const EventVisitor& visit);
void scan_all_streams(commit::Source& source, const EventQuery& query, const EventVisitor& visit);
std::optional<Event> get_event(commit::Source& source, std::string_view stream, std::uint64_t version);

}  // namespace strata::model
