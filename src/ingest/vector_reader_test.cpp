#include "ingest/vector_reader.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "ingest/scratch_directory.hpp"
#include "strata/error.hpp"

namespace strata::ingest {
namespace {

template <class Number>
std::string bytes_of(std::initializer_list<Number> numbers) {
  std::string bytes;
  for (const Number number : numbers) {
    char raw[sizeof number];
    std::memcpy(raw, &number, sizeof number);
    bytes.append(raw, sizeof raw);
  }
  return bytes;
}

std::string npy(const std::string& dictionary, const std::string& content) {
  std::string head = dictionary;
  head.append(64 - (10 + head.size() + 1) % 64, ' ');
  head += '\n';
  return std::string("\x93NUMPY\x01\x00", 8) + bytes_of<std::uint16_t>({static_cast<std::uint16_t>(head.size())}) +
         head + content;
}

class VectorReaderTest : public testing::Test {
 protected:
  std::vector<Item> read(const std::string& name, const std::string& content) {
    scratch_.write(name, content);
    LineSource source(scratch_.file(name));
    const auto reader = open_reader(source, {.vector_field = "v"});
    std::vector<Item> items;
    while (auto item = reader->next()) items.push_back(std::move(*item));
    return items;
  }
  std::string failure(const std::string& name, const std::string& content) {
    try {
      read(name, content);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      return error.what();
    }
    return "";
  }
  ScratchDirectory scratch_;
};

TEST_F(VectorReaderTest, ReadsMatricesOfFloatsAndDoubles) {
  const auto floats = read("a.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
                                        bytes_of<float>({1, 2, 3, 4, 5, -6.5F})));
  ASSERT_EQ(floats.size(), 2u);
  EXPECT_EQ(floats[1].value.to_json(), R"({"v":[4.0,5.0,-6.5]})");
  EXPECT_EQ(floats[1].key, "0000000001");
  const auto doubles =
      read("b.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }", bytes_of<double>({0.5, 0.25})));
  ASSERT_EQ(doubles.size(), 1u);
  EXPECT_EQ(doubles[0].value.to_json(), R"({"v":[0.5,0.25]})");
}

TEST_F(VectorReaderTest, ReadsVectorsThatTellTheirLength) {
  const auto items = read("a.fvecs", bytes_of<std::int32_t>({2}) + bytes_of<float>({1, 10}) +
                                         bytes_of<std::int32_t>({2}) + bytes_of<float>({3, 4}));
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].value.to_json(), R"({"v":[1.0,10.0]})")
      << "a byte that ends lines elsewhere is one like any other";
}

TEST_F(VectorReaderTest, WhatCannotBeReadIsNamedInOneLine) {
  const std::string good =
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", bytes_of<float>({1, 2, 3, 4}));
  EXPECT_NE(failure("a.npy", good.substr(0, good.size() - 1)).find("a.npy:2: the file is cut off"), std::string::npos);
  EXPECT_NE(failure("a.npy", good + "x").find("more behind"), std::string::npos);
  EXPECT_NE(failure("a.npy", "text").find("no .npy file"), std::string::npos);
  EXPECT_NE(failure("a.npy", npy("{'descr': '<i8', 'fortran_order': False, 'shape': (1, 1), }", "12345678"))
                .find("astype('float32')"),
            std::string::npos);
  EXPECT_NE(failure("a.npy", npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }", "1234"))
                .find("ascontiguousarray"),
            std::string::npos);
  EXPECT_NE(failure("a.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }", "1234")).find("matrix"),
            std::string::npos);
  EXPECT_NE(failure("a.fvecs", bytes_of<std::int32_t>({-1})).find("no .fvecs file"), std::string::npos);
  EXPECT_NE(failure("a.fvecs", bytes_of<std::int32_t>({1}) + bytes_of<std::uint32_t>({0x7fc00000}))
                .find("not a finite number"),
            std::string::npos);
}

}  // namespace
}  // namespace strata::ingest
