#include "codec/key_echo.hpp"

#include <gtest/gtest.h>

#include <random>

#include "codec/record.hpp"
#include "strata/error.hpp"

namespace strata::codec {
namespace {

const std::string key = "files/src/view/text/word_table.hpp\1defines\1symbol:consistent_from";
const std::string body = "{from:files/src/view/text/word_table.hpp,type:defines,to:symbol:consistent_from,weight:1}";

TEST(KeyEcho, ABodyThatRepeatsItsKeyTakesHalfTheSpace) {
  const auto compressed = compress_by_key(key, body);
  ASSERT_TRUE(compressed);
  EXPECT_LT(compressed->size(), body.size() / 2);
  EXPECT_EQ(decompress_by_key(key, *compressed, body.size()), body);
}

TEST(KeyEcho, ABodyThatDoesNotIsLeftAlone) {
  EXPECT_FALSE(compress_by_key(key, "a body of its own, which has nothing to do with the key of its record"));
  EXPECT_FALSE(compress_by_key("short", "short and short and short and short and short"));
  EXPECT_FALSE(compress_by_key(key, key.substr(key.size() - 20)));
}

TEST(KeyEcho, AnotherKeyOrSizeIsDamage) {
  const auto compressed = compress_by_key(key, body);
  ASSERT_TRUE(compressed);
  EXPECT_THROW(decompress_by_key(key, *compressed, body.size() - 1), Error);
  EXPECT_THROW(decompress_by_key(key, *compressed, body.size() + 1), Error);
  EXPECT_THROW(decompress_by_key("k", *compressed, body.size()), Error);
}

TEST(KeyEcho, RecordsReadAsTheyWereWritten) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string its_key;
    for (std::size_t size = 1 + random() % 120; size > 0; --size) its_key += static_cast<char>('a' + random() % 26);
    std::string its_body;
    while (its_body.size() < random() % 300) {
      const std::size_t from = random() % its_key.size();
      its_body += random() % 2 == 0 ? its_key.substr(from) : std::string(1 + random() % 9, static_cast<char>(random()));
    }
    const engine::Key place{engine::Space::make(engine::SpaceGroup::record, 3), its_key};
    const Bytes row = encode_record(place, {}, its_body);
    EXPECT_EQ(decode_record(place, row).body, its_body);
    EXPECT_LE(row.size(), its_body.size() + 48);
  }
}

}  // namespace
}  // namespace strata::codec
