// The bytes of format 1, written out. A test that fails here means: stores that exist can no longer be read, or no
// longer have the same digest. Raise codec::format_version and keep on reading the old form, or undo the change.
#include <gtest/gtest.h>

#include "codec/dictionary.hpp"
#include "codec/head.hpp"
#include "codec/log_entry.hpp"
#include "codec/ordered.hpp"
#include "codec/record.hpp"
#include "commit/catalogue.hpp"
#include "commit/derivation.hpp"
#include "commit/sequence.hpp"
#include "commit/writer.hpp"
#include "model/event.hpp"
#include "store/place.hpp"
#include "strata/value.hpp"

namespace strata {
namespace {

using engine::Space;
using engine::SpaceGroup;

std::string hex(bytes_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

Bytes unhex(std::string_view text) {
  Bytes out;
  for (std::size_t at = 0; at + 1 < text.size(); at += 2)
    out += static_cast<char>(std::stoi(std::string(text.substr(at, 2)), nullptr, 16));
  return out;
}

constexpr Space records = Space::make(SpaceGroup::record, 7);
constexpr Time moment{1'750'000'000'123'456};
constexpr std::uint64_t digest_key = 0x0123456789abcdef;

Uuid sample_id() { return *Uuid::parse("0197a5c8-1234-7abc-8def-0123456789ab"); }

Value sample_value() {
  return Value::from_json(
      R"({"null":null,"t":true,"f":false,"small":7,"neg":-3,"big":-9007199254740993,"max":18446744073709551615,)"
      R"("half":0.5,"pi":3.141592653589793,"text":"a\u00e4\ud83d\ude00","array":[1,[2],{}],"object":{"a":{"b":""}}})");
}

TEST(Format, IsTheOneTheseBytesAreOf) { EXPECT_EQ(codec::format_version, 1U); }

TEST(Format, OfAValue) {
  EXPECT_EQ(hex(sample_value().encoded()),
            "8ca46e756c6cc0a174c3a166c2a5736d616c6c07a36e6567fda3626967d3ffdfffffffffffffa36d6178cfffffffffff"
            "ffffffa468616c66ca3f000000a27069cb400921fb54442d18a474657874a761c3a4f09f9880a5617272617993019102"
            "80a66f626a65637481a16181a162a0");
}

TEST(Format, OfLongerValues) {
  EXPECT_EQ(hex(bytes_view(Value(std::string(40, 'x')).encoded()).substr(0, 3)), "d92878");
  EXPECT_EQ(hex(bytes_view(Value(std::string(300, 'x')).encoded()).substr(0, 4)), "da012c78");
  EXPECT_EQ(hex(bytes_view(Value(std::string(70'000, 'x')).encoded()).substr(0, 6)), "db0001117078");
  EXPECT_EQ(hex(bytes_view(Value::array(std::vector<Value>(20, Value(1))).encoded()).substr(0, 4)), "dc001401");
  EXPECT_EQ(
      hex(Value(127).encoded()) + hex(Value(128).encoded()) + hex(Value(70'000).encoded()) + hex(Value(-33).encoded()),
      "7fcc80ce00011170d0df");
}

TEST(Format, OfARecordsRow) {
  codec::RecordHeader header;
  header.version = Version{300};
  header.created = header.updated = moment;
  EXPECT_EQ(hex(codec::encode_record({records, "key"}, header, Value(1).encoded())),
            "00ac028089ea85b4e79b0601f185e9818376f522");
  header.created = moment - std::chrono::seconds(5);
  header.expires = moment + std::chrono::hours(1);
  const Bytes row = codec::encode_record({records, "key"}, header, sample_value().encoded());
  EXPECT_EQ(hex(row),
            "03ac028089ea85b4e79b0680ade204809987efcee79b068ca46e756c6cc0a174c3a166c2a5736d616c6c07a36e6567fd"
            "a3626967d3ffdfffffffffffffa36d6178cfffffffffffffffffa468616c66ca3f000000a27069cb400921fb54442d18"
            "a474657874a761c3a4f09f9880a561727261799301910280a66f626a65637481a16181a162a080734c807d02bc8c");
  const codec::RecordRow read = codec::decode_record({records, "key"}, row);
  EXPECT_EQ(read.header.created, header.created);
  EXPECT_EQ(read.header.expires, header.expires);
  EXPECT_EQ(Value::from_encoded(read.body), sample_value());
}

/// zstd may write other bytes one day; what it wrote must stay readable.
TEST(Format, OfACompressedRecordsRow) {
  std::string text;
  for (int number = 0; number < 40; ++number) text += "number " + std::to_string(number % 7) + ", ";
  const auto dictionary = codec::Dictionary::of("number 1, number 2, number 3, and so on with many a number");
  EXPECT_EQ(dictionary->id(), 2392687857U);
  const codec::RecordRow read = codec::decode_record(
      {records, "key"},
      unhex("04ac028089ea85b4e79b0601f189f6f408930328b52ffd6093002d0300a402da01903034353630313233343536303132"
            "33343536303132333435363031323334353630313233342c202720d01b0f45ca155644b9c28a942b4c9172851529a7b0"
            "22e50a2ba25c6145ca15a648b9c28a94535891728515c1728164a1a4825d7d5946865c847992c38a4d8f"));
  EXPECT_EQ(read.header.version, Version{300});
  EXPECT_EQ(Value::from_encoded(read.body), Value(text));
}

TEST(Format, OfARecordsRowCompressedAlone) {
  std::string text;
  for (int number = 0; number < 40; ++number) text += "number " + std::to_string(number % 7) + ", ";
  const codec::RecordRow read = codec::decode_record(
      {records, "key"},
      unhex("04ac028089ea85b4e79b0602930328b52ffd6093006503006403da01906e756d62657220302c20313233343536303132"
            "3334353630313233343536303132333435363031323334353630313233342c202720e0d745ca1556a45c6145ca1556a4"
            "5c6145ca1556a45c6145942bac48b9c28a942bac48b9c28a942bac48b9c28ae872354b5ffa0b615280dfa9c4"));
  EXPECT_EQ(read.header.codec, codec::BodyCodec::zstd_alone);
  EXPECT_EQ(Value::from_encoded(read.body), Value(text));
}

TEST(Format, OfDigests) {
  const Bytes body(sample_value().encoded());
  const codec::Hash128 content = codec::content_hash(body, std::nullopt, digest_key);
  EXPECT_EQ(content.to_string(), "8e3d888616247812542d4d51fb99ae1d");
  EXPECT_EQ(codec::content_hash(body, moment, digest_key).to_string(), "38a3fc7570f2349d0a2f6836af4b141c");
  EXPECT_EQ(codec::digest_term({records, "key"}, content, digest_key).to_string(), "8e53156afe4fca1eaf5dd6b28f58f472");
}

TEST(Format, OfTheHead) {
  codec::Head head;
  head.store_id = sample_id();
  head.digest_key = digest_key;
  head.incarnation = 2;
  head.epoch = 3;
  head.position = Position{300};
  head.time = moment;
  head.chain = {1, 2};
  head.digest = {3, 4};
  head.records = 5;
  head.catalogue = Position{6};
  head.log_base = Position{7};
  head.sampled = moment - std::chrono::seconds(1);
  const Bytes row = codec::encode_head(head);
  EXPECT_EQ(hex(row),
            "000000010197a5c812347abc8def0123456789ab0123456789abcdef0000000000000002000000000000000300000000"
            "0000012c0006379da05d4240000000000000000200000000000000010000000000000004000000000000000300000000"
            "00000005000000000000000600000000000000070006379da04e00004e0aa62a390f0386");
  EXPECT_EQ(codec::decode_head(row).log_base, Position{7});
}

TEST(Format, OfTotals) {
  EXPECT_EQ(hex(codec::encode_totals({300, 70'000, {}})), "ac02f0a204dddf85c60a366d4e");
  EXPECT_EQ(hex(codec::encode_totals({300, 70'000, {1, 2}})),
            "ac02f0a20400000000000000020000000000000001d5fffd7ac1fc82cb");
  EXPECT_EQ(hex(commit::totals_key(records)), "04000007");
}

TEST(Format, OfALogEntry) {
  codec::Entry entry;
  entry.position = Position{300};
  entry.time = moment;
  entry.id = sample_id();
  entry.origin = "someone";
  entry.changes.push_back({codec::Operation::put, records, "key", {}, {1, 2}, 0});
  entry.changes.push_back({codec::Operation::erase, records, "other", {}, {}, 0});
  entry.changes.push_back({codec::Operation::erase_range, records, "a", "b", {3, 4}, 5});
  entry.changes.push_back({codec::Operation::drop, records, {}, {}, {5, 6}, 7});
  entry.chain = codec::chain_after({8, 9}, entry);
  EXPECT_EQ(entry.chain.to_string(), "6309f394e79380a4aeeeb65ff1ee2d01");
  const auto chunks = codec::encode_entry(entry);
  ASSERT_EQ(chunks.size(), 1U);
  EXPECT_EQ(hex(chunks.front()),
            "010006379da05d42400197a5c812347abc8def0123456789ab07736f6d656f6e656309f394e79380a4aeeeb65ff1ee2d"
            "01040004000007036b6579000000000000000200000000000000010104000007056f7468657202040000070161016205"
            "00000000000000040000000000000003030400000700000700000000000000060000000000000005d5f785bdcebe48a7");
  EXPECT_EQ(hex(codec::log_key(Position{300}, 2)), "000000000000012c0002");
}

TEST(Format, OfIndexEntries) {
  const auto part = [](ValueView value) {
    Bytes out;
    codec::append_ordered(out, value);
    return out;
  };
  std::string numbers;
  for (const double number :
       {-1e300, -70'000.5, -1.0, -0.25, 0.0, 0.25, 1.0, 1.5, 255.0, 256.0, 9007199254740992.0, 1e300})
    numbers += hex(part(Value(number))) + " ";
  EXPECT_EQ(numbers,
            "1581c81bc377ff8a63 1cfddd1e7f 1efd 1fc02fffffffffffff 20 213fd0000000000000 2202 220380 2301fe 230200 "
            "2840000000000000 2b7e37e43c8800759c ");
  EXPECT_EQ(hex(part(Value(9007199254740993))) + " " + hex(part(Value(18446744073709551615U))),
            "2840000000000002 2a01fffffffffffffffe");
  EXPECT_EQ(hex(part(ValueView())) + hex(part(Value())) + hex(part(Value(false))) + hex(part(Value(true))), "02040607");
  EXPECT_EQ(hex(part(Value(std::string("a\0\1\2", 4)))), "5061010101020200");
  EXPECT_EQ(hex(part(sample_value())),
            "70506e756c6c0004507400075066000650736d616c6c00220e506e6567001ef9506269670018bffffffffffffd506d61"
            "78002a01fffffffffffffffe5068616c6600213fe0000000000000507069002207251fdb51892d8c5074657874005061"
            "c3a4f09f9880005061727261790060220260220400700000506f626a6563740070506100705062005000000000");
  Bytes times;
  for (const Time time : {Time{-70'000'000'000'000'000}, Time{0}, moment, Time{70'000'000'000'000'000}})
    codec::append_ordered(times, time);
  EXPECT_EQ(hex(times), "407f074f5ef1b9000041800000000000004186379da05d42404280f8b0a10e470000");
  EXPECT_EQ(hex(codec::index_entry_key(part(Value("abc")), "key")), "50616263006b657903");
  EXPECT_EQ(hex(codec::stored_indexed_part(part(Value(std::string(300, 'x'))))).substr(400),
            "787878787878787833f76b789f550294a4951781c316f1e1");
}

TEST(Format, OfHistoryExpiryAndTimes) {
  EXPECT_EQ(hex(commit::history_key("key", Version{300})), "6b657900fffffffffffffed3");
  EXPECT_EQ(hex(commit::encode_history({Position{301}, moment, true, "row"})),
            "ad028089ea85b4e79b0601726f77ee498b9b28d9b6ff");
  EXPECT_EQ(hex(commit::expiry_key(moment, records, "key")), "8006379da05d4240040000076b6579");
  EXPECT_EQ(hex(commit::time_key(moment)), "8006379da05d4240");
}

TEST(Format, OfAnAnswer) {
  CommitResult result;
  result.position = Position{300};
  result.time = moment;
  EXPECT_EQ(hex(commit::encode_outcome(result)), "ac028089ea85b4e79b06");
}

TEST(Format, OfADeclaration) {
  commit::CollectionDefinition definition;
  definition.name = "notes";
  definition.id = 7;
  definition.options.time_to_live = std::chrono::hours(1);
  definition.options.history = {.enabled = true, .keep_for = std::chrono::hours(24), .keep_count = 9};
  definition.history_id = 8;
  commit::IndexDefinition index;
  index.id = 10;
  index.options = {.name = "kind", .fields = {{"kind", false}, {"created", true}}, .unique = true};
  index.ready = true;
  definition.indexes.push_back(index);
  EXPECT_EQ(commit::encode_definition(definition).to_json(),
            R"({"id":7,"time_to_live":3600000000,"history":{"id":8,"keep_for":86400000000,"keep_count":9},"indexes":[)"
            R"({"id":10,"name":"kind","fields":[{"path":"kind"},{"path":"created","time":true}],)"
            R"("unique":true,"ready":true}]})");
  EXPECT_EQ(hex(commit::encode_definition(definition).encoded()),
            "84a2696407ac74696d655f746f5f6c697665ced693a400a7686973746f727983a2696408a86b6565705f666f72cf0000"
            "00141dd76000aa6b6565705f636f756e7409a7696e64657865739185a269640aa46e616d65a46b696e64a66669656c64"
            "739281a470617468a46b696e6482a470617468a763726561746564a474696d65c3a6756e69717565c3a57265616479c3");
}

TEST(Format, OfAnEvent) {
  EXPECT_EQ(hex(model::event_key("order-1", 0x12ab)), "6f726465722d311f30303030303030303030303031326162");
  NewEvent event{.type = "paid", .data = Value::object({{"sum", 3}})};
  const auto stored = [&] { return commit::with_number(model::encode_event("order-1", event), "n", 300); };
  EXPECT_EQ(hex(stored()), "83a16ecd012ca174a470616964a16481a373756d03");
  event.metadata = "m";
  event.id = "i";
  event.correlation = "c";
  event.causation = "k";
  EXPECT_EQ(hex(stored()), "87a16ecd012ca174a470616964a16481a373756d03a16da16da26964a169a3636f72a163a3636175a16b");
}

TEST(Format, OfTheSignpost) {
  EXPECT_EQ(store::encode_signpost({1, sample_id(), "sqlite", 2}),
            "strata 1\nid 0197a5c8-1234-7abc-8def-0123456789ab\nengine sqlite\ngeneration 2\n");
}

TEST(Format, OfTheSpaces) {
  EXPECT_EQ(engine::head_key.bytes, "head");
  EXPECT_EQ(engine::head_key.space.id, 0U);
  EXPECT_EQ(commit::totals_space.id, 1U);
  EXPECT_EQ(commit::catalogue_space.id, 2U);
  EXPECT_EQ(commit::log_space.id, 0x0100'0000U);
  EXPECT_EQ(commit::ids_space.id, 0x0200'0000U);
  EXPECT_EQ(records.id, 0x0400'0007U);
  EXPECT_EQ(commit::expiry_space.id, 0x0500'0000U);
  EXPECT_EQ(commit::state_space.id, 0x0600'0000U);
  EXPECT_EQ(commit::times_space.id, 0x0600'0001U);
  EXPECT_EQ(commit::dropped_space.id, 0x0600'0002U);
  EXPECT_EQ(commit::next_space_key, ".spaces");
}

}  // namespace
}  // namespace strata
