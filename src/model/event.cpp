#include "model/event.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "codec/message_pack.hpp"
#include "codec/ordered.hpp"
#include "commit/sequence.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

constexpr char separator = '\x1f';
constexpr std::size_t version_digits = 16;
/// The number that comes into the body later: name and 64 bits.
constexpr std::size_t number_bytes_max = 12;

[[noreturn]] void fail_event(bytes_view key, const std::string& why) {
  throw Error(ErrorCode::corruption, "event `" + std::string(key.substr(0, 240)) + "`: " + why);
}

std::string text_in(ValueView body, std::string_view name) { return std::string(body[name].string_or({})); }

}  // namespace

const OwnCollection& events_collection() {
  static const OwnCollection declaration{
      events_name,
      {{.name = std::string(event_number_index), .fields = {{.path = std::string(event_number_field)}}},
       {.name = std::string(event_id_index), .fields = {{.path = "id"}}, .unique = true}}};
  return declaration;
}

Bytes event_prefix(std::string_view stream) {
  Bytes prefix(stream);
  prefix.push_back(separator);
  return prefix;
}

Bytes event_key(std::string_view stream, std::uint64_t version) {
  return commit::sequence_key(event_prefix(stream), version);
}

std::optional<EventKey> split_event_key(bytes_view key) {
  const auto version = commit::sequence_version(key);
  if (!version || *version == 0) return std::nullopt;
  const std::size_t at = key.find(separator);
  if (at == 0 || at + 1 + version_digits != key.size()) return std::nullopt;
  return EventKey{key.substr(0, at), *version};
}

Bytes encode_event(std::string_view stream, const NewEvent& event) {
  check_name("event type", event.type);
  if (!event.id.empty()) check_name("event id", event.id);
  const bool has_metadata = event.metadata.type() != ValueType::null;
  const std::array<std::pair<std::string_view, std::string_view>, 3> texts{
      {{"id", event.id}, {"cor", event.correlation}, {"cau", event.causation}}};
  std::size_t members = has_metadata ? 3 : 2;
  for (const auto& [unused, text] : texts) members += text.empty() ? 0 : 1;

  Bytes body;
  codec::append_object_head(body, members);
  codec::append_string(body, "t");
  codec::append_string(body, event.type);
  codec::append_string(body, "d");
  body.append(event.data.encoded());
  if (has_metadata) {
    codec::append_string(body, "m");
    body.append(event.metadata.encoded());
  }
  for (const auto& [name, text] : texts) {
    if (text.empty()) continue;
    const Value checks_utf8{text};
    codec::append_string(body, name);
    codec::append_string(body, text);
  }
  if (body.size() + number_bytes_max > record_bytes_max) {
    throw Error(ErrorCode::limit_exceeded, "an event of type `" + event.type + "` for stream `" + std::string(stream) +
                                               "` has " + std::to_string(body.size()) +
                                               " bytes, more than the 1 MiB that a record may have "
                                               "(record_bytes_max); split it");
  }
  codec::value_depth(body);
  return body;
}

std::uint64_t event_number(ValueView body) {
  const ValueView number = body[event_number_field];
  if (number.type() != ValueType::integer) throw Error(ErrorCode::corruption, "an event has no number");
  return number.as_uint();
}

Event decode_event(bytes_view key, const codec::RecordRow& row) {
  const auto split = split_event_key(key);
  if (!split) fail_event(key, "its key is not that of an event; run `strata verify`");
  const ValueView body(row.body);
  if (body.type() != ValueType::object || body["t"].type() != ValueType::string)
    fail_event(key, "its body is not that of an event; run `strata verify`");
  Event event;
  event.stream = split->stream;
  event.version = split->version;
  event.number = event_number(body);
  event.position.value = row.header.version.value;
  event.time = row.header.created;
  event.type = body["t"].as_string();
  event.data = Value(body["d"]);
  event.metadata = Value(body["m"]);
  event.id = text_in(body, "id");
  event.correlation = text_in(body, "cor");
  event.causation = text_in(body, "cau");
  return event;
}

Bytes event_number_part(std::uint64_t number) {
  Bytes part;
  codec::append_ordered(part, Value(number));
  return part;
}

Bytes event_id_part(std::string_view id) {
  Bytes part;
  codec::append_ordered(part, Value(id));
  return codec::stored_indexed_part(part);
}

}  // namespace strata::model
