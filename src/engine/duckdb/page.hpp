// A page: some rows in key order, packed into one value of a table. What is read together lies together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "strata/types.hpp"

namespace strata::engine::duck {

/// A page grows to this size; a longer row has a page of its own.
inline constexpr std::size_t page_bytes_max = 8192;

struct RowView {
  bytes_view key;
  bytes_view value;
};

/// Immutable. Views into it live as long as it does.
class Page {
 public:
  /// The page of a stored body; nullptr when the body is none.
  static std::shared_ptr<const Page> parse(Bytes body);
  /// The body that holds these rows. Requires: keys ascend.
  static Bytes pack(std::span<const RowView> rows);
  /// What a row adds to a body.
  static std::size_t bytes_of(const RowView& row);

  std::size_t size() const { return size_; }
  std::size_t body_bytes() const { return body_.size(); }
  RowView row(std::size_t index) const;
  /// Index of the first row whose key is not less; size() when there is none.
  std::size_t lower_bound(bytes_view key) const;

 private:
  explicit Page(Bytes body) : body_(std::move(body)) {}
  bool index();
  std::uint32_t word(std::size_t at) const;
  std::size_t end_of(std::size_t field) const;

  Bytes body_;
  std::size_t size_ = 0;
};

}  // namespace strata::engine::duck
