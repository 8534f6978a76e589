// Vectors that were changed behind the store's back: verify names them, and no search gives a wrong answer.
#include <gtest/gtest.h>

#include "model/vector_field.hpp"
#include "tests/faults/any_engine.hpp"
#include "tests/faults/tampering.hpp"

namespace strata::faults {
namespace {

class VectorDamage : public AnyEngine {
 protected:
  void SetUp() override {
    store_.emplace(open());
    Collection notes = store_->collection("notes");
    notes.create_vector({.field = "v", .dimension = 2});
    for (const char* key : {"a", "b"}) notes.put(key, Value::from_json(R"({"v":[1,2]})"));
    ASSERT_EQ(store_->verify().problems, std::vector<std::string>{});
    tampering_ = std::make_unique<Tampering>(GetParam(), place());
  }

  bool verify_names(const std::string& words) {
    for (const std::string& problem : store_->verify().problems) {
      if (problem.find(words) != std::string::npos) return true;
    }
    return false;
  }
  engine::Space space(const std::string& collection) { return tampering_->collection(collection).records(); }

  std::optional<Store> store_;
  std::unique_ptr<Tampering> tampering_;
};

TEST_P(VectorDamage, OfAStoredVectorIsNamedAndNotCompared) {
  const engine::Space vectors = space(model::vector_collection_name("notes", "v"));
  Bytes row = tampering_->get(vectors, "a");
  row.back() = static_cast<char>(row.back() ^ 1);
  tampering_->put(vectors, "a", row);
  EXPECT_TRUE(verify_names("record `a`"));
  Search search;
  search.near.push_back({.vector = {1, 2}});
  try {
    store_->collection("notes").search(search);
    FAIL() << "a damaged vector was compared";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corruption);
  }
}

TEST_P(VectorDamage, OneOfARecordThatIsNotThereIsNamed) {
  tampering_->erase(space("notes"), "b");
  EXPECT_TRUE(verify_names("there is one of record `b`, which is not there"));
}

STRATA_ON_EVERY_ENGINE(VectorDamage);

}  // namespace
}  // namespace strata::faults
