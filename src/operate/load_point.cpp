#include "operate/load_point.hpp"

#include "codec/varint.hpp"
#include "strata/error.hpp"
#include "strata/value.hpp"

namespace strata::operate {
namespace {

constexpr std::size_t hash_bytes = 8;

[[noreturn]] void damaged() {
  throw Error(ErrorCode::corruption,
              "the row that says where a load stands is damaged; delete the store and load the dump anew");
}

}  // namespace

Bytes encode_load_point(const LoadPoint& point) {
  Bytes row(Value::object({{"dump", Value(point.dump)},
                           {"fresh", Value(point.fresh)},
                           {"events", Value(point.had_events)},
                           {"documents", Value(point.had_documents)},
                           {"digest", Value(point.digest.to_string())}})
                .encoded());
  codec::append_be64(row, codec::hash64(row));
  return row;
}

LoadPoint decode_load_point(bytes_view row) {
  if (row.size() < hash_bytes) damaged();
  const bytes_view body = row.substr(0, row.size() - hash_bytes);
  if (codec::hash64(body) != codec::read_be64(row.data() + body.size())) damaged();
  const Value value = Value::from_encoded(body);
  const auto digest = codec::Hash128::parse(value["digest"].string_or(""));
  if (!digest) damaged();
  LoadPoint point;
  point.dump = value["dump"].string_or("");
  point.fresh = value["fresh"].bool_or(false);
  point.had_events = value["events"].bool_or(true);
  point.had_documents = value["documents"].bool_or(true);
  point.digest = *digest;
  return point;
}

}  // namespace strata::operate
