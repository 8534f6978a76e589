#include "codec/head.hpp"

#include <string>

#include "codec/varint.hpp"
#include "strata/error.hpp"

namespace strata::codec {
namespace {

void seal(Bytes& row) { append_be64(row, hash64(row)); }

bytes_view unseal(bytes_view row, const char* what) {
  if (row.size() < 8 || hash64(row.substr(0, row.size() - 8)) != read_be64(row.data() + row.size() - 8)) {
    throw Error(ErrorCode::corruption,
                std::string(what) + " is damaged (its checksum does not match); restore a backup");
  }
  return row.substr(0, row.size() - 8);
}

}  // namespace

Bytes encode_head(const Head& head) {
  Bytes row;
  append_be32(row, head.format);
  row.append(head.store_id.view());
  for (const std::uint64_t number : {head.digest_key, head.incarnation, head.epoch, head.position.value}) {
    append_be64(row, number);
  }
  append_be64(row, static_cast<std::uint64_t>(head.time.micros));
  append_hash(row, head.chain);
  append_hash(row, head.digest);
  for (const std::uint64_t number : {head.records, head.catalogue.value, head.log_base.value}) append_be64(row, number);
  append_be64(row, static_cast<std::uint64_t>(head.sampled.micros));
  seal(row);
  return row;
}

Head decode_head(bytes_view row) {
  bytes_view in = row;
  Head head;
  head.format = take_be32(in);
  if (head.format > format_version) {
    throw Error(ErrorCode::unsupported, "the store has format " + std::to_string(head.format) +
                                            ", this version of Strata reads up to " + std::to_string(format_version) +
                                            "; use a newer version");
  }
  in = unseal(row, "the head of the store");
  in.remove_prefix(4);
  if (in.size() < head.store_id.bytes.size())
    throw Error(ErrorCode::corruption, "the head of the store is cut short; restore a backup");
  for (auto& byte : head.store_id.bytes) {
    byte = static_cast<std::uint8_t>(in.front());
    in.remove_prefix(1);
  }
  head.digest_key = take_be64(in);
  head.incarnation = take_be64(in);
  head.epoch = take_be64(in);
  head.position.value = take_be64(in);
  head.time.micros = static_cast<std::int64_t>(take_be64(in));
  head.chain = take_hash(in);
  head.digest = take_hash(in);
  head.records = take_be64(in);
  head.catalogue.value = take_be64(in);
  head.log_base.value = take_be64(in);
  head.sampled.micros = static_cast<std::int64_t>(take_be64(in));
  return head;
}

Bytes encode_totals(const SpaceTotals& totals) {
  Bytes row;
  append_varint(row, totals.rows);
  append_varint(row, totals.bytes);
  if (totals.digest != Hash128{}) append_hash(row, totals.digest);
  seal(row);
  return row;
}

SpaceTotals decode_totals(bytes_view row) {
  bytes_view in = unseal(row, "a row of totals");
  SpaceTotals totals;
  totals.rows = take_varint(in);
  totals.bytes = take_varint(in);
  if (!in.empty()) totals.digest = take_hash(in);
  return totals;
}

}  // namespace strata::codec
