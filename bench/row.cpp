#include "bench/row.hpp"

#include "platform/random.hpp"
#include "strata/value.hpp"

namespace strata::bench {
namespace {

constexpr std::size_t pool_rows = 2048;

std::string hexadecimal(std::uint64_t number) {
  constexpr const char* digits = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t at = 16; at-- > 0; number >>= 4) text[at] = digits[number & 15];
  return text;
}

/// Finalizer of SplitMix64 (public domain, S. Vigna): one to one, so that keys differ.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

Row sample(std::mt19937_64& random) {
  Row row;
  row.rank = random() >> 1;
  const auto value_with_text = [&](std::size_t length) {
    std::string text(length, ' ');
    for (char& letter : text) letter = static_cast<char>('a' + random() % 26);
    return Value::object(
        {{"kind", Value("note")}, {"rank", Value(row.rank)}, {"score", Value(0.5)}, {"text", Value(text)}});
  };
  const std::size_t guess = row_bytes - 50;
  const std::size_t encoded = value_with_text(guess).encoded().size();
  row.value = Bytes(value_with_text(guess + row_bytes - encoded).encoded());
  return row;
}

const std::vector<Row>& pool() {
  static const std::vector<Row> rows = [] {
    std::mt19937_64 random(1);
    std::vector<Row> made;
    for (std::size_t row = 0; row < pool_rows; ++row) made.push_back(sample(random));
    return made;
  }();
  return rows;
}

}  // namespace

RowSource::RowSource(KeyOrder order, std::uint64_t seed) : order_(order), random_(seed), next_(random_() % pool_rows) {
  pool();
}

void RowSource::fill(std::vector<Row>& rows) {
  for (Row& row : rows) {
    const Row& sample = pool()[next_++ % pool_rows];
    row.value = sample.value;
    row.rank = sample.rank;
    row.key = order_ == KeyOrder::ordered ? platform::make_uuid().to_string()
                                          : hexadecimal(random_()) + hexadecimal(random_());
  }
}

std::string numbered_key(std::uint64_t number) { return hexadecimal(mixed(number + 1)) + hexadecimal(number); }

}  // namespace strata::bench
