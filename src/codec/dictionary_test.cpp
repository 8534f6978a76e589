#include "codec/dictionary.hpp"

#include <gtest/gtest.h>

#include "codec/record.hpp"
#include "strata/error.hpp"
#include "strata/value.hpp"

namespace strata::codec {
namespace {

Bytes body_of(int number) {
  return Bytes(
      Value::object(
          {{"Package", "library-" + std::to_string(number)},
           {"Maintainer", "The maintainers of many packages <maintainers@lists.example.org>"},
           {"Description", "shared library number " + std::to_string(number * 7919) + " for programs that need it"},
           {"Homepage", "https://example.org/projects/library-" + std::to_string(number)},
           {"Section", "libs"},
           {"Depends", "libc6 (>= 2.34), libgcc-s1 (>= 3.0), libstdc++6 (>= 11), zlib1g (>= 1:1.1.4)"},
           {"Installed-Size", number * 31}})
          .encoded());
}

std::shared_ptr<const Dictionary> trained() {
  std::vector<Bytes> samples;
  for (int i = 0; i < 500; ++i) samples.push_back(body_of(i));
  return Dictionary::train(samples);
}

TEST(Dictionary, BodiesComeBackAsTheyWereAndSmaller) {
  const auto dictionary = trained();
  ASSERT_TRUE(dictionary);
  for (int i = 1000; i < 1100; ++i) {
    const Bytes body = body_of(i);
    const auto compressed = dictionary->compress(body);
    ASSERT_TRUE(compressed);
    EXPECT_LT(compressed->size() * 2, body.size());
    EXPECT_EQ(dictionary->decompress(*compressed, body.size()), body);
  }
}

TEST(Dictionary, TheSameBytesAreTheSameDictionary) {
  const auto dictionary = trained();
  ASSERT_TRUE(dictionary);
  EXPECT_EQ(Dictionary::of(dictionary->bytes()), dictionary);
  EXPECT_EQ(Dictionary::find(dictionary->id()), dictionary.get());
  EXPECT_EQ(Dictionary::find(dictionary->id() + 1), nullptr);
}

TEST(Dictionary, FewSamplesGiveNone) { EXPECT_EQ(Dictionary::train({"a", "b"}), nullptr); }

TEST(Dictionary, WhatDoesNotShrinkIsLeftAlone) {
  const auto dictionary = trained();
  ASSERT_TRUE(dictionary);
  Bytes noise;
  std::uint64_t state = 42;
  for (int i = 0; i < 1000; ++i)
    noise.push_back(static_cast<char>((state = state * 6364136223846793005u + 1442695040888963407u) >> 56));
  EXPECT_FALSE(dictionary->compress(noise));
}

TEST(Dictionary, DamageIsNoticed) {
  const auto dictionary = trained();
  ASSERT_TRUE(dictionary);
  const Bytes body = body_of(5);
  const Bytes compressed = *dictionary->compress(body);
  EXPECT_THROW(dictionary->decompress(compressed, body.size() + 1), Error);
  EXPECT_THROW(dictionary->decompress(compressed, std::size_t{1} << 40), Error);
  EXPECT_THROW(dictionary->decompress(bytes_view(compressed).substr(0, compressed.size() / 2), body.size()), Error);
}

TEST(Dictionary, ARecordWrittenWithOneReadsBackWithTheSameContentHash) {
  const auto dictionary = trained();
  ASSERT_TRUE(dictionary);
  const engine::Key key{engine::Space::make(engine::SpaceGroup::record, 1), "k"};
  const RecordHeader header{Version{3}, Time{5}, Time{9}, Time{99}, BodyCodec::plain, 0};
  const Bytes body = body_of(7);
  const Bytes plain = encode_record(key, header, body);
  const Bytes packed = encode_record(key, header, body, {.dictionary = dictionary.get()});
  EXPECT_LT(packed.size(), plain.size());
  const RecordRow row = decode_record(key, packed);
  EXPECT_EQ(row.body, body);
  EXPECT_EQ(row.header.version, header.version);
  EXPECT_EQ(row.header.created, header.created);
  EXPECT_EQ(row.header.expires, header.expires);
  EXPECT_EQ(content_hash(row.body, row.header.expires, 1), content_hash(body, header.expires, 1));
}

TEST(Dictionary, IsNotNeededByLongBodies) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "the words number " + std::to_string(i) + " come again and again; ";
  const Value body{text};
  const engine::Key key{engine::Space::make(engine::SpaceGroup::record, 1), "key"};
  RecordHeader header;
  header.version = Version{1};
  const Bytes row = encode_record(key, header, body.encoded(), {.alone = true});
  EXPECT_LT(row.size(), text.size() / 4);
  const RecordRow read = decode_record(key, row);
  EXPECT_EQ(read.header.codec, BodyCodec::zstd_alone);
  EXPECT_EQ(read.body, body.encoded());
  EXPECT_GE(encode_record(key, header, body.encoded()).size(), text.size());
  EXPECT_THROW(decompress_alone("no frame", 8), Error);
}

}  // namespace
}  // namespace strata::codec
