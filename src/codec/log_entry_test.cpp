#include "codec/log_entry.hpp"

#include <gtest/gtest.h>

#include "strata/error.hpp"

namespace strata::codec {
namespace {

Entry entry_of(std::size_t changes) {
  Entry entry;
  entry.position = Position{7};
  entry.time = Time{1'000'000};
  entry.origin = "a test";
  for (std::size_t i = 0; i < changes; ++i) {
    Change change;
    change.space = engine::Space::make(engine::SpaceGroup::record, 3);
    change.key = "files/src/view/text/" + std::to_string(i);
    change.content = {i * 0x9E3779B97F4A7C15, i * 0xC2B2AE3D27D4EB4F};
    entry.changes.push_back(std::move(change));
  }
  entry.chain = chain_after({}, entry);
  return entry;
}

/// What the decoder makes of the chunks; its entry must be complete with the last one.
Entry decoded(const std::vector<Bytes>& chunks) {
  EntryDecoder decoder;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    EXPECT_EQ(decoder.add(log_key(Position{7}, static_cast<std::uint16_t>(i)), chunks[i]), i + 1 == chunks.size());
  }
  return decoder.entry;
}

TEST(LogEntry, OfAnyLengthReadsAsItWasWritten) {
  for (const std::size_t changes : {0, 1, 20, 500, 5000}) {
    const Entry entry = entry_of(changes);
    const Entry read = decoded(encode_entry(entry));
    ASSERT_EQ(read.changes.size(), changes);
    EXPECT_EQ(read.origin, entry.origin);
    EXPECT_EQ(chain_after({}, read), entry.chain) << changes;
  }
}

TEST(LogEntry, ManyChangesOfLikeKeysTakeTwoThirdsOfTheirBytes) {
  std::size_t plain = 0;
  const Entry entry = entry_of(500);
  for (const Change& change : entry.changes) plain += change.key.size() + sizeof change.content + 6;
  const std::vector<Bytes> chunks = encode_entry(entry);
  ASSERT_EQ(chunks.size(), 1U);
  EXPECT_LT(chunks.front().size(), plain * 2 / 3);
}

TEST(LogEntry, DamageInACompressedChunkIsFound) {
  std::vector<Bytes> chunks = encode_entry(entry_of(500));
  chunks.front()[chunks.front().size() / 2] ^= 1;
  EXPECT_THROW(decoded(chunks), Error);
}

}  // namespace
}  // namespace strata::codec
