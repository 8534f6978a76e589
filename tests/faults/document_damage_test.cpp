// Chunks and uses that were changed behind the store's back: reading says so, and verify names document and chunk.
#include <gtest/gtest.h>

#include <algorithm>

#include "codec/chunk_body.hpp"
#include "codec/record.hpp"
#include "model/document_content.hpp"
#include "tests/faults/any_engine.hpp"
#include "tests/faults/tampering.hpp"

namespace strata::faults {
namespace {

class DocumentDamage : public AnyEngine {
 protected:
  void SetUp() override {
    store_.emplace(open());
    Bytes lines;
    for (int i = 0; lines.size() < 200'000; ++i) lines += "line number " + std::to_string(i) + "\n";
    content_ = lines;
    store_->documents("papers").put("p1", lines);
    ASSERT_EQ(store_->verify().problems, std::vector<std::string>{});
    tampering_ = std::make_unique<Tampering>(GetParam(), place());
    chunks_ = tampering_->collection(".chunk");
    uses_ = tampering_->collection(".chunk_use");
  }

  std::string a_chunk() { return tampering_->rows(chunks_.records()).at(1).first; }
  testing::AssertionResult verify_names(const std::vector<std::string>& words) {
    const auto found = store_->verify().problems;
    for (const std::string& problem : found) {
      if (std::all_of(words.begin(), words.end(),
                      [&](const std::string& word) { return problem.find(word) != std::string::npos; }))
        return testing::AssertionSuccess();
    }
    auto failure = testing::AssertionFailure() << "verify says:";
    for (const std::string& problem : found) failure << "\n  " << problem;
    return failure;
  }
  void expect_unreadable(const std::string& chunk) {
    EXPECT_TRUE(says(error_of([&] { store_->documents("papers").get("p1"); }), ErrorCode::corruption,
                     {"`p1`", "`papers`", "`" + chunk + "`"}));
  }

  std::optional<Store> store_;
  std::unique_ptr<Tampering> tampering_;
  commit::CollectionDefinition chunks_, uses_;
  Bytes content_;
};

TEST_P(DocumentDamage, AFlippedByteOfAChunkIsNamedWithItsDocument) {
  const std::string chunk = a_chunk();
  const Bytes row = tampering_->get(chunks_.records(), chunk);
  for (const std::size_t at : {std::size_t{0}, row.size() / 2, row.size() - 1}) {
    tampering_->put(chunks_.records(), chunk, flipped(row, at));
    expect_unreadable(chunk);
    EXPECT_TRUE(verify_names({"`" + chunk + "`"}));
  }
  tampering_->put(chunks_.records(), chunk, row);
  EXPECT_EQ(store_->documents("papers").get("p1"), content_);
}

TEST_P(DocumentDamage, AnotherContentUnderAChunksKeyIsNamed) {
  const std::string chunk = a_chunk();
  codec::RecordHeader header;
  header.version = Version{1};
  const engine::Key key{chunks_.records(), chunk};
  tampering_->put(chunks_.records(), chunk, codec::encode_record(key, header, codec::encode_chunk("other words")));
  expect_unreadable(chunk);
  EXPECT_TRUE(verify_names({"`" + chunk + "`", "hash"}));
}

TEST_P(DocumentDamage, AChunkThatIsGoneIsNamedWithItsDocument) {
  const std::string chunk = a_chunk();
  tampering_->erase(chunks_.records(), chunk);
  expect_unreadable(chunk);
  EXPECT_TRUE(verify_names({"`p1`", "`papers`", "`" + chunk + "`", "not there"}));
}

TEST_P(DocumentDamage, AUseThatIsGoneOrOfNobodyIsNamed) {
  const auto [use, row] = tampering_->rows(uses_.records()).at(0);
  const std::string chunk = use.substr(0, use.find('/'));
  tampering_->erase(uses_.records(), use);
  EXPECT_TRUE(verify_names({"`" + chunk + "`", "nothing uses it"}));
  EXPECT_TRUE(verify_names({"`p1`", "`" + chunk + "`", "not noted"}));
  tampering_->put(uses_.records(), use, row);
  codec::RecordHeader header;
  header.version = Version{1};
  const Bytes idle = model::use_key(chunk, "nobody");
  tampering_->put(uses_.records(), idle, codec::encode_record({uses_.records(), idle}, header, Value().encoded()));
  EXPECT_TRUE(verify_names({"`" + idle + "`", "nothing has"}));
}

TEST_P(DocumentDamage, ADocumentWithoutItsRecordIsNamed) {
  tampering_->erase(tampering_->collection("papers").records(), "p1");
  EXPECT_TRUE(verify_names({"`p1`", "`papers`", "no record"}));
  EXPECT_FALSE(store_->documents("papers").get("p1"));
}

STRATA_ON_EVERY_ENGINE(DocumentDamage);

}  // namespace
}  // namespace strata::faults
