#include "engine/duckdb/page.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace strata::engine::duck {
namespace {

TEST(DuckdbPage, HoldsItsRowsAndFindsThem) {
  const std::vector<RowView> rows{{"a", "1"}, {"b", ""}, {bytes_view("b\0", 2), "3"}, {"\xff", "4"}};
  const auto page = Page::parse(Page::pack(rows));
  ASSERT_NE(page, nullptr);
  ASSERT_EQ(page->size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(page->row(i).key, rows[i].key);
    EXPECT_EQ(page->row(i).value, rows[i].value);
    EXPECT_EQ(page->lower_bound(rows[i].key), i);
  }
  EXPECT_EQ(page->lower_bound(""), 0u);
  EXPECT_EQ(page->lower_bound("c"), 3u);
  EXPECT_EQ(page->lower_bound("\xff\x01"), 4u);
}

TEST(DuckdbPage, WhatIsNoPageIsRefused) {
  const std::vector<RowView> rows{{"a", "1"}, {"b", "2"}};
  const Bytes body = Page::pack(rows);
  ASSERT_NE(Page::parse(body), nullptr);
  for (std::size_t size = 0; size < body.size(); ++size) EXPECT_EQ(Page::parse(body.substr(0, size)), nullptr) << size;
  EXPECT_EQ(Page::parse(body + "x"), nullptr);
  EXPECT_EQ(Page::parse(Bytes(4, '\0')), nullptr) << "no rows";
  EXPECT_EQ(Page::parse(Bytes(64, '\xff')), nullptr);
  const std::vector<RowView> disorder{{"b", "1"}, {"a", "2"}};
  EXPECT_EQ(Page::parse(Page::pack(disorder)), nullptr);
}

}  // namespace
}  // namespace strata::engine::duck
