#include "commit/request_codec.hpp"

#include <algorithm>

#include "codec/varint.hpp"
#include "strata/error.hpp"

namespace strata::commit {

using codec::append_varint;
using codec::take_varint;

void append_text(Bytes& out, bytes_view text) {
  append_varint(out, text.size());
  out.append(text);
}

Bytes take_text(bytes_view& in) {
  const std::uint64_t size = take_varint(in);
  if (size > in.size()) throw Error(ErrorCode::corruption, "a transaction in transit is cut short");
  Bytes text(in.substr(0, size));
  in.remove_prefix(size);
  return text;
}

namespace {

/// Zero for nothing, else one more than the zigzag number.
void append_optional(Bytes& out, std::optional<std::int64_t> number) {
  out.push_back(number ? 1 : 0);
  if (number) append_varint(out, codec::zigzag(*number));
}

std::uint8_t take_byte(bytes_view& in) {
  if (in.empty()) throw Error(ErrorCode::corruption, "a transaction in transit is cut short");
  const auto byte = static_cast<std::uint8_t>(in.front());
  in.remove_prefix(1);
  return byte;
}

std::optional<std::int64_t> take_optional(bytes_view& in) {
  if (take_byte(in) == 0) return std::nullopt;
  return codec::unzigzag(take_varint(in));
}

std::optional<std::int64_t> micros_of(std::optional<Time> time) {
  if (!time) return std::nullopt;
  return time->micros;
}

std::optional<Time> time_of(std::optional<std::int64_t> micros) {
  if (!micros) return std::nullopt;
  return Time{*micros};
}

void append_footprint(Bytes& out, const Footprint& footprint) {
  append_varint(out, footprint.keys.size());
  for (const ReadKey& read : footprint.keys) {
    append_varint(out, read.space.id);
    append_text(out, read.key);
    append_varint(out, read.stamp);
  }
  append_varint(out, footprint.ranges.size());
  for (const ReadRange& read : footprint.ranges) {
    append_varint(out, read.space.id);
    append_varint(out, read.source.id);
    append_text(out, read.begin);
    append_text(out, read.end);
    out.push_back(read.reverse ? 1 : 0);
    append_varint(out, read.fingerprint);
    append_varint(out, read.rows);
  }
}

Space take_space(bytes_view& in) { return Space{static_cast<std::uint32_t>(take_varint(in))}; }

Footprint take_footprint(bytes_view& in) {
  Footprint footprint;
  for (std::uint64_t left = take_varint(in); left > 0; --left) {
    ReadKey& read = footprint.keys.emplace_back();
    read.space = take_space(in);
    read.key = take_text(in);
    read.stamp = take_varint(in);
  }
  for (std::uint64_t left = take_varint(in); left > 0; --left) {
    ReadRange& read = footprint.ranges.emplace_back();
    read.space = take_space(in);
    read.source = take_space(in);
    read.begin = take_text(in);
    read.end = take_text(in);
    read.reverse = take_byte(in) != 0;
    read.fingerprint = take_varint(in);
    read.rows = take_varint(in);
  }
  return footprint;
}

void append_write(Bytes& out, const Write& write) {
  out.push_back(static_cast<char>(write.kind));
  append_varint(out, write.space.id);
  append_text(out, write.key);
  append_text(out, write.body);
  append_optional(out, write.time_to_live ? std::optional<std::int64_t>(write.time_to_live->count()) : std::nullopt);
  append_optional(out, micros_of(write.created));
  append_optional(out, micros_of(write.updated));
  append_optional(out, micros_of(write.expires));
}

Write take_write(bytes_view& in) {
  Write write;
  const std::uint8_t kind = take_byte(in);
  if (kind > static_cast<std::uint8_t>(Write::Kind::drop))
    throw Error(ErrorCode::corruption, "a transaction in transit holds an unknown write");
  write.kind = static_cast<Write::Kind>(kind);
  write.space = take_space(in);
  write.key = take_text(in);
  write.body = take_text(in);
  if (const auto micros = take_optional(in)) write.time_to_live = std::chrono::microseconds(*micros);
  write.created = time_of(take_optional(in));
  write.updated = time_of(take_optional(in));
  write.expires = time_of(take_optional(in));
  return write;
}

void append_append(Bytes& out, const Append& append) {
  append_varint(out, append.space.id);
  append_text(out, append.prefix);
  append_text(out, append.body);
  append_text(out, append.number_field);
  append_varint(out, append.number_index.id);
  append_varint(out, append.version_floor);
  append_varint(out, append.number_floor);
}

Append take_append(bytes_view& in) {
  Append append;
  append.space = take_space(in);
  append.prefix = take_text(in);
  append.body = take_text(in);
  append.number_field = take_text(in);
  append.number_index = take_space(in);
  append.version_floor = take_varint(in);
  append.number_floor = take_varint(in);
  return append;
}

}  // namespace

Bytes encode_request(const Request& request) {
  Bytes out;
  out.reserve(request.bytes + 256);
  out.append(request.id.view());
  out.push_back(request.id_may_exist ? 1 : 0);
  out.push_back(static_cast<char>(request.durability));
  append_text(out, request.origin);
  append_varint(out, request.seen.value);
  append_varint(out, request.lineage);
  append_varint(out, request.bytes);
  append_footprint(out, request.footprint);
  append_varint(out, request.writes.size());
  for (const Write& write : request.writes) append_write(out, write);
  append_varint(out, request.appends.size());
  for (const Append& append : request.appends) append_append(out, append);
  append_varint(out, request.local_writes.size());
  for (const LocalWrite& write : request.local_writes) {
    append_varint(out, write.space.id);
    append_text(out, write.key);
    out.push_back(write.value ? 1 : 0);
    if (write.value) append_text(out, *write.value);
  }
  append_text(out, request.call);
  return out;
}

Request decode_request(bytes_view in) {
  Request request;
  for (auto& byte : request.id.bytes) byte = take_byte(in);
  request.id_may_exist = take_byte(in) != 0;
  request.durability = take_byte(in) == 0 ? Durability::sync : Durability::relaxed;
  request.origin = take_text(in);
  request.seen.value = take_varint(in);
  request.lineage = take_varint(in);
  request.bytes = take_varint(in);
  request.footprint = take_footprint(in);
  for (std::uint64_t left = take_varint(in); left > 0; --left) request.writes.push_back(take_write(in));
  for (std::uint64_t left = take_varint(in); left > 0; --left) request.appends.push_back(take_append(in));
  for (std::uint64_t left = take_varint(in); left > 0; --left) {
    LocalWrite& write = request.local_writes.emplace_back();
    write.space = take_space(in);
    write.key = take_text(in);
    if (take_byte(in) != 0) write.value = take_text(in);
  }
  request.call = take_text(in);
  if (!in.empty()) throw Error(ErrorCode::corruption, "a transaction in transit is longer than it says");
  return request;
}

Bytes encode_answer(const CommitResult& result, const std::exception_ptr& error, bytes_view of_call) {
  Bytes out;
  if (!error) {
    out.push_back(0);
    append_varint(out, result.position.value);
    append_varint(out, codec::zigzag(result.time.micros));
    out.push_back(result.repeated ? 1 : 0);
    append_text(out, of_call);
    return out;
  }
  out.push_back(1);
  try {
    std::rethrow_exception(error);
  } catch (const Error& known) {
    append_varint(out, static_cast<std::uint64_t>(known.code()));
    append_text(out, known.what());
  } catch (const std::exception& unknown) {
    append_varint(out, static_cast<std::uint64_t>(ErrorCode::internal));
    append_text(out, unknown.what());
  }
  return out;
}

CommitResult decode_answer(const Uuid& id, bytes_view in, Bytes& of_call) {
  CommitResult result;
  result.id = id;
  if (take_byte(in) == 0) {
    result.position.value = take_varint(in);
    result.time.micros = codec::unzigzag(take_varint(in));
    result.repeated = take_byte(in) != 0;
    of_call = take_text(in);
    return result;
  }
  const std::uint64_t code = take_varint(in);
  const Bytes message = take_text(in);
  throw Error(static_cast<ErrorCode>(std::min<std::uint64_t>(code, static_cast<std::uint64_t>(ErrorCode::internal))),
              message);
}

}  // namespace strata::commit
