#include "codec/chunk_body.hpp"

#include <gtest/gtest.h>

#include <random>

#include "codec/dictionary.hpp"
#include "codec/record.hpp"
#include "strata/error.hpp"

namespace strata::codec {
namespace {

Bytes read_back(bytes_view content, std::string_view form) {
  const Value value = Value::from_encoded(encode_chunk(content));
  EXPECT_EQ(value.view().begin()->name, form);
  Bytes out;
  decode_chunk(value, out);
  return out;
}

Bytes random_bytes(std::size_t size) {
  std::mt19937 random(11);
  Bytes out(size, '\0');
  for (char& byte : out) byte = static_cast<char>(random());
  return out;
}

std::size_t stored_bytes(bytes_view content) {
  const engine::Key key{engine::Space::make(engine::SpaceGroup::record, 1), "key"};
  RecordHeader header;
  header.version = Version{1};
  return encode_record(key, header, encode_chunk(content), {.alone = true}).size();
}

TEST(ChunkBody, TextStandsThereAsItself) {
  for (const Bytes& text : {Bytes(), Bytes("words"), Bytes("gr\u00fc\u00dfe \U0001f600"), Bytes("a\0b\n", 4)})
    EXPECT_EQ(read_back(text, "text"), text);
}

TEST(ChunkBody, BytesWithPatternsAreCharactersAndOthersBase64) {
  Bytes pattern;
  for (int i = 0; i < 4'000; ++i) pattern += "\xff\x01\x80" + std::string(1, static_cast<char>(i / 100));
  EXPECT_EQ(read_back(pattern, "latin1"), pattern);
  const Bytes noise = random_bytes(20'000);
  EXPECT_EQ(read_back(noise, "base64"), noise);
  EXPECT_EQ(read_back("\xff", "base64"), "\xff");
}

TEST(ChunkBody, IsStoredCompressedAndNeverMuchLargerThanItsBytes) {
  Bytes words;
  for (int i = 0; i < 4'000; ++i) words += "word number " + std::to_string(i % 97) + ", ";
  EXPECT_LT(stored_bytes(words), words.size() / 5);
  const Bytes noise = random_bytes(32'768);
  EXPECT_LT(stored_bytes(noise), noise.size() + noise.size() * 3 / 100);
}

TEST(ChunkBody, OfAnotherKindIsCorruption) {
  for (const char* json : {"{}", "null", "{\"text\":1}", "{\"base64\":\"x\"}", "{\"latin1\":\"\u20ac\"}"}) {
    Bytes out;
    EXPECT_THROW(decode_chunk(Value::from_json(json), out), Error) << json;
  }
}

}  // namespace
}  // namespace strata::codec
