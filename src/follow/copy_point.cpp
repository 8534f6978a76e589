#include "follow/copy_point.hpp"

#include "codec/varint.hpp"
#include "strata/error.hpp"

namespace strata::follow {
namespace {

constexpr char point_format = 1;

[[noreturn]] void damaged() {
  throw Error(ErrorCode::corruption,
              "the row that says where a copy stands is damaged; delete the target and copy again");
}

void append_bytes(Bytes& out, bytes_view bytes) {
  codec::append_varint(out, bytes.size());
  out.append(bytes);
}

Bytes take_bytes(bytes_view& in) {
  const std::uint64_t size = codec::take_varint(in);
  if (size > in.size()) damaged();
  Bytes bytes(in.substr(0, size));
  in.remove_prefix(size);
  return bytes;
}

}  // namespace

Bytes encode_copy_point(const CopyPoint& point) {
  Bytes row;
  row.push_back(point_format);
  row.push_back(static_cast<char>(point.phase));
  for (const std::uint64_t number :
       {point.epoch, point.incarnation, point.start.value, point.position.value, point.rows}) {
    codec::append_varint(row, number);
  }
  codec::append_hash(row, point.chain);
  codec::append_hash(row, point.digest);
  codec::append_be32(row, point.space.id);
  append_bytes(row, point.key);
  append_bytes(row, point.head);
  codec::append_be64(row, codec::hash64(row));
  return row;
}

CopyPoint decode_copy_point(bytes_view row) {
  if (row.size() < 10 ||
      codec::hash64(row.substr(0, row.size() - 8)) != codec::read_be64(row.data() + row.size() - 8)) {
    damaged();
  }
  bytes_view in = row.substr(2, row.size() - 10);
  if (row[0] != point_format) {
    throw Error(ErrorCode::unsupported,
                "the copy was begun by another version of Strata; go on with that one, or delete the target");
  }
  CopyPoint point;
  if (static_cast<unsigned char>(row[1]) > static_cast<unsigned char>(CopyPoint::Phase::check)) damaged();
  point.phase = static_cast<CopyPoint::Phase>(row[1]);
  point.epoch = codec::take_varint(in);
  point.incarnation = codec::take_varint(in);
  point.start.value = codec::take_varint(in);
  point.position.value = codec::take_varint(in);
  point.rows = codec::take_varint(in);
  point.chain = codec::take_hash(in);
  point.digest = codec::take_hash(in);
  point.space.id = codec::take_be32(in);
  point.key = take_bytes(in);
  point.head = take_bytes(in);
  return point;
}

}  // namespace strata::follow
