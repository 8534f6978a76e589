#include "follow/place.hpp"

#include <algorithm>

#include "codec/varint.hpp"
#include "follow/tail.hpp"
#include "strata/error.hpp"

namespace strata::follow {
namespace {

constexpr char place_format = 1;
constexpr std::size_t name_bytes_max = 200;

enum Flag : unsigned char { has_chain = 1, is_filling = 2 };

std::string named(std::string_view consumer) { return "consumer `" + std::string(consumer) + "`"; }

Uuid take_uuid(bytes_view& in) {
  Uuid id;
  if (in.size() < id.bytes.size()) throw Error(ErrorCode::corruption, "it is cut short");
  std::copy_n(in.begin(), id.bytes.size(), reinterpret_cast<char*>(id.bytes.data()));
  in.remove_prefix(id.bytes.size());
  return id;
}

Place decode(bytes_view in) {
  if (in.size() < 10 || codec::hash64(in.substr(0, in.size() - 8)) != codec::read_be64(in.data() + in.size() - 8)) {
    throw Error(ErrorCode::corruption, "its checksum does not match");
  }
  in.remove_suffix(8);
  if (in.front() != place_format) throw Error(ErrorCode::unsupported, "it was written by a newer version of Strata");
  const auto flags = static_cast<unsigned char>(in[1]);
  in.remove_prefix(2);
  Place place;
  place.store_id = take_uuid(in);
  place.owner = take_uuid(in);
  place.incarnation = codec::take_varint(in);
  place.point.position.value = codec::take_varint(in);
  place.point.ordinal = codec::take_varint(in);
  place.point.event = codec::take_varint(in);
  place.saved.micros = codec::unzigzag(codec::take_varint(in));
  place.spec = codec::take_varint(in);
  if (flags & has_chain) place.chain = codec::take_hash(in);
  if (flags & is_filling) {
    place.filling = true;
    place.fill_space = static_cast<std::uint32_t>(codec::take_varint(in));
    place.fill_key = in;
  }
  return place;
}

}  // namespace

Bytes encode_place(const Place& place) {
  Bytes row;
  row.push_back(place_format);
  row.push_back(static_cast<char>((place.chain ? has_chain : 0) | (place.filling ? is_filling : 0)));
  row.append(place.store_id.view());
  row.append(place.owner.view());
  codec::append_varint(row, place.incarnation);
  codec::append_varint(row, place.point.position.value);
  codec::append_varint(row, place.point.ordinal);
  codec::append_varint(row, place.point.event);
  codec::append_varint(row, codec::zigzag(place.saved.micros));
  codec::append_varint(row, place.spec);
  if (place.chain) codec::append_hash(row, *place.chain);
  if (place.filling) {
    codec::append_varint(row, place.fill_space);
    row.append(place.fill_key);
  }
  codec::append_be64(row, codec::hash64(row));
  return row;
}

Place decode_place(std::string_view consumer, bytes_view row) {
  try {
    return decode(row);
  } catch (const Error& error) {
    throw Error(error.code(), "the place of " + named(consumer) + ": " + error.what() +
                                  "; forget the consumer, or restart it from the present state");
  }
}

void check_consumer(std::string_view name) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (name.empty() || name.size() > name_bytes_max || std::any_of(name.begin(), name.end(), is_control)) {
    throw Error(ErrorCode::invalid_argument,
                "a consumer's name has 1 to 200 bytes of UTF-8 without control characters; this one does not");
  }
  const Value checks_utf8{name};
}

std::optional<Place> read_place(commit::Source& source, std::string_view consumer) {
  const auto row = source.get(commit::consumers_space, consumer);
  if (!row) return std::nullopt;
  return decode_place(consumer, *row);
}

void write_place(commit::Transaction& transaction, std::string_view consumer, const Place& place,
                 const std::optional<Place>& expected) {
  const auto there = read_place(transaction, consumer);
  const bool own = there && there->owner == place.owner;
  const bool as_found = there.has_value() == expected.has_value() &&
                        (!there || (there->owner == expected->owner && there->point == expected->point &&
                                    there->saved == expected->saved));
  if (!own && !as_found) {
    throw Error(ErrorCode::conflict, "another subscription has moved the place of " + named(consumer) +
                                         " meanwhile; open it again, or use another name");
  }
  transaction.write_local({commit::consumers_space, Bytes(consumer), encode_place(place)});
}

void check_place(commit::Source& source, std::string_view consumer, const Place& place) {
  const codec::Head& head = source.view().head();
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorCode::gap, named(consumer) + " is at position " + std::to_string(place.point.position.value) +
                                    ", " + why + "; restart it from the present state");
  };
  if (place.store_id != head.store_id) refuse("but of another store");
  if (place.point.position > head.position) {
    refuse("ahead of the store (" + std::to_string(head.position.value) + "): the store has been put back");
  }
  if (!place.chain) return;
  const auto chain = chain_at(source, place.point.position);
  if (chain && *chain != *place.chain) refuse("where the store has another past: it has been put back");
}

std::vector<std::pair<std::string, Place>> read_places(commit::Source& source) {
  std::vector<std::pair<std::string, Place>> places;
  const auto cursor = source.scan(commit::consumers_space, {commit::consumers_space, {}, {}}, {});
  while (cursor->next()) {
    std::string name(cursor->key());
    Place place = decode_place(name, cursor->value());
    places.emplace_back(std::move(name), std::move(place));
  }
  return places;
}

}  // namespace strata::follow
