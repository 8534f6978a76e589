#include "engine/duckdb/page.hpp"

#include <utility>

namespace strata::engine::duck {
namespace {

// A body: the number of rows, then for each row where its key and its value end, counted from the end of this index;
// then keys and values. Words have 4 bytes, the least first.
constexpr std::size_t word_bytes = 4;
constexpr std::size_t words_per_row = 2;

void append_word(Bytes& body, std::size_t word) {
  for (std::size_t i = 0; i < word_bytes; ++i) body.push_back(static_cast<char>(word >> (8 * i)));
}

}  // namespace

std::shared_ptr<const Page> Page::parse(Bytes body) {
  const std::shared_ptr<Page> page(new Page(std::move(body)));
  return page->index() ? page : nullptr;
}

Bytes Page::pack(std::span<const RowView> rows) {
  Bytes body;
  std::size_t bytes = word_bytes;
  for (const RowView& row : rows) bytes += bytes_of(row);
  body.reserve(bytes);
  append_word(body, rows.size());
  std::size_t end = 0;
  for (const RowView& row : rows) {
    append_word(body, end += row.key.size());
    append_word(body, end += row.value.size());
  }
  for (const RowView& row : rows) body.append(row.key).append(row.value);
  return body;
}

std::size_t Page::bytes_of(const RowView& row) {
  return words_per_row * word_bytes + row.key.size() + row.value.size();
}

std::uint32_t Page::word(std::size_t at) const {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < word_bytes; ++i) {
    word |= static_cast<std::uint32_t>(static_cast<unsigned char>(body_[at * word_bytes + i])) << (8 * i);
  }
  return word;
}

/// Where a field ends in the body; field -1, so to speak, ends where the first begins.
std::size_t Page::end_of(std::size_t field) const {
  return (1 + words_per_row * size_) * word_bytes + (field == 0 ? 0 : word(field));
}

bool Page::index() {
  if (body_.size() < word_bytes) return false;
  const std::size_t size = word(0);
  if (size == 0 || size > (body_.size() / word_bytes - 1) / words_per_row) return false;
  size_ = size;
  for (std::size_t field = 0; field < words_per_row * size_; ++field) {
    if (end_of(field) > end_of(field + 1) || end_of(field + 1) > body_.size()) return false;
  }
  for (std::size_t i = 1; i < size_; ++i) {
    if (row(i - 1).key >= row(i).key) return false;
  }
  return end_of(words_per_row * size_) == body_.size();
}

RowView Page::row(std::size_t index) const {
  const std::size_t begin = end_of(words_per_row * index);
  const std::size_t middle = end_of(words_per_row * index + 1);
  const std::size_t end = end_of(words_per_row * index + 2);
  const bytes_view body = body_;
  return {body.substr(begin, middle - begin), body.substr(middle, end - middle)};
}

std::size_t Page::lower_bound(bytes_view key) const {
  std::size_t low = 0;
  std::size_t high = size_;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (row(middle).key < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace strata::engine::duck
