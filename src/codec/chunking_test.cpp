#include "codec/chunking.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "codec/value_utf8.hpp"

namespace strata::codec {
namespace {

/// The same for ever, on any machine: standard distributions are not.
class Sequence {
 public:
  explicit Sequence(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return state_ >> 33;
  }

 private:
  std::uint64_t state_;
};

Bytes random_bytes(std::size_t size, std::uint64_t seed) {
  Sequence sequence(seed);
  Bytes out(size, '\0');
  for (char& byte : out) byte = static_cast<char>(sequence.next());
  return out;
}

/// Words of letters of one to four bytes.
Bytes random_text(std::size_t size, std::uint64_t seed) {
  static const std::vector<std::string> letters{"a", "e", "n", " ", "\n", "\u00e4", "\u20ac", "\u6f22", "\U0001f600"};
  Sequence sequence(seed);
  Bytes out;
  while (out.size() < size) out += letters[sequence.next() % letters.size()];
  return out;
}

std::vector<std::size_t> sizes_of(bytes_view content) {
  std::vector<std::size_t> sizes;
  while (!content.empty()) {
    sizes.push_back(first_chunk(content));
    content.remove_prefix(sizes.back());
  }
  return sizes;
}

std::vector<bytes_view> chunks_of(bytes_view content) {
  std::vector<bytes_view> chunks;
  while (!content.empty()) {
    chunks.push_back(content.substr(0, first_chunk(content)));
    content.remove_prefix(chunks.back().size());
  }
  return chunks;
}

TEST(Chunking, CutsFixedContentAtTheSamePlacesForEver) {
  EXPECT_EQ(sizes_of(random_bytes(250'000, 1)),
            (std::vector<std::size_t>{33892, 17065, 33187, 45903, 36998, 16601, 43698, 22656}));
  EXPECT_EQ(sizes_of(random_text(200'000, 2)), (std::vector<std::size_t>{67433, 35032, 38472, 23792, 35271}));
  EXPECT_EQ(sizes_of(Bytes(300'000, '\0')), (std::vector<std::size_t>{131'072, 131'072, 37'856}));
  EXPECT_EQ(sizes_of("x"), (std::vector<std::size_t>{1}));
}

TEST(Chunking, KeepsWithinItsBoundsAndCloseToTheAverage) {
  const Bytes content = random_bytes(8'000'000, 3);
  const std::vector<std::size_t> sizes = sizes_of(content);
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    EXPECT_GE(sizes[i], chunk_bytes_min - 3);
    EXPECT_LE(sizes[i], chunk_bytes_max);
  }
  const std::size_t average = content.size() / sizes.size();
  EXPECT_GT(average, chunk_bytes_average * 3 / 4);
  EXPECT_LT(average, chunk_bytes_average * 3 / 2);
}

TEST(Chunking, NeedsToKnowNoMoreThanItsLookahead) {
  for (const Bytes& content : {random_bytes(1'000'000, 4), random_text(1'000'000, 4), Bytes(1'000'000, '\0')}) {
    bytes_view rest = content;
    while (!rest.empty()) {
      const std::size_t whole = first_chunk(rest);
      ASSERT_EQ(first_chunk(rest.substr(0, chunk_lookahead_bytes)), whole);
      rest.remove_prefix(whole);
    }
  }
}

TEST(Chunking, AChunkOfTextIsText) {
  const Bytes text = random_text(2'000'000, 5);
  std::size_t chunks = 0;
  for (const bytes_view chunk : chunks_of(text)) {
    EXPECT_TRUE(is_utf8(chunk));
    ++chunks;
  }
  EXPECT_GT(chunks, 30U);
}

TEST(Chunking, AChangeLeavesTheChunksElsewhereAsTheyWere) {
  const Bytes content = random_bytes(4'000'000, 6);
  Bytes changed = content;
  changed.insert(1'000'000, "a few words more");
  std::set<bytes_view> before;
  for (const bytes_view chunk : chunks_of(content)) before.insert(chunk);
  std::size_t fresh = 0, chunks = 0;
  for (const bytes_view chunk : chunks_of(changed)) {
    ++chunks;
    if (!before.contains(chunk)) ++fresh;
  }
  EXPECT_GT(chunks, 80U);
  EXPECT_LE(fresh, 4U);
}

TEST(Chunking, ListsEndByTheHashWithinTheirBounds) {
  std::size_t ends = 0;
  for (std::uint64_t hash = 0; hash < 4'800; ++hash) {
    EXPECT_FALSE(ends_list({hash, 7}, list_entries_min - 1));
    EXPECT_TRUE(ends_list({hash, 7}, list_entries_max));
    if (ends_list({hash, 7}, list_entries_min)) ++ends;
  }
  EXPECT_EQ(ends, 100U);
}

}  // namespace
}  // namespace strata::codec
