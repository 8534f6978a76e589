// Events as they lie in the store: records of the collection `.events`.
//
//   key   stream name, 0x1f, version as 16 lower-case hexadecimal digits
//   body  {n: number among all events, t: type, d: data, m: metadata, id, cor: correlation, cau: causation};
//         the last four only when given
//
// A record's version is the position of the commit that appended the event, its times are those of that commit. The
// index `number` is on n; the unique index `id` is on id.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "codec/record.hpp"
#include "commit/source.hpp"
#include "model/own_collection.hpp"
#include "strata/stream.hpp"

namespace strata::model {

inline constexpr std::string_view events_name = ".events";
inline constexpr std::string_view event_number_field = "n";
inline constexpr std::string_view event_number_index = "number";
inline constexpr std::string_view event_id_index = "id";

/// The declaration of `.events`.
const OwnCollection& events_collection();

/// What the keys of all events of a stream begin with, and no others.
Bytes event_prefix(std::string_view stream);
Bytes event_key(std::string_view stream, std::uint64_t version);

struct EventKey {
  std::string_view stream;  ///< Into the key.
  std::uint64_t version = 0;
};
/// Nothing when the key is not that of an event.
std::optional<EventKey> split_event_key(bytes_view key);

/// The body but for `n`, which is put in front of it in the write section. `invalid_argument` or `limit_exceeded` when
/// the event is malformed or too large.
Bytes encode_event(std::string_view stream, const NewEvent& event);
/// The number alone; `corruption` when there is none.
std::uint64_t event_number(ValueView body);
/// `corruption` when the key or the body is not that of an event.
Event decode_event(bytes_view key, const codec::RecordRow& row);

/// The indexed part of a number, and of an id.
Bytes event_number_part(std::uint64_t number);
Bytes event_id_part(std::string_view id);

}  // namespace strata::model
