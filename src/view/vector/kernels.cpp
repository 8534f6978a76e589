#include "view/vector/kernels.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/half.hpp"
#include "view/vector/x86_kernels.hpp"

namespace strata::view {
namespace {

// So many sums side by side that the compiler puts them into one vector register without reordering any.
constexpr std::size_t lanes = 8;
using Lanes = std::array<float, lanes>;

struct Single {
  static Lanes load(const std::byte* row, std::size_t at) {
    Lanes values;
    std::memcpy(values.data(), row + at * sizeof(float), sizeof values);
    return values;
  }
};

struct Half {
  static Lanes load(const std::byte* row, std::size_t at) {
    std::array<std::uint16_t, lanes> halves;
    std::memcpy(halves.data(), row + at * sizeof(std::uint16_t), sizeof halves);
    Lanes values;
    for (std::size_t lane = 0; lane < lanes; ++lane) values[lane] = base::from_half(halves[lane]);
    return values;
  }
};

struct Product {
  static float of(float one, float other) { return one * other; }
};

struct SquaredDifference {
  static float of(float one, float other) { return (one - other) * (one - other); }
};

template <class Operation, class Element>
float one(const PreparedQuery& query, const std::byte* row) {
  Lanes sums{};
  for (std::size_t at = 0; at < query.padded; at += lanes) {
    const Lanes of_query = Single::load(query.data, at);
    const Lanes of_row = Element::load(row, at);
    for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += Operation::of(of_query[lane], of_row[lane]);
  }
  float sum = 0;
  for (const float lane : sums) sum += lane;
  return sum;
}

float one_of_codes(const PreparedQuery& query, const std::byte* row) {
  constexpr std::size_t codes = 16;
  std::array<std::int32_t, codes> sums{};
  for (std::size_t at = 0; at < query.padded; at += codes) {
    std::array<std::int8_t, codes> of_query;
    std::array<std::int8_t, codes> of_row;
    std::memcpy(of_query.data(), query.data + at, codes);
    std::memcpy(of_row.data(), row + at, codes);
    for (std::size_t lane = 0; lane < codes; ++lane) sums[lane] += of_query[lane] * of_row[lane];
  }
  std::int32_t sum = 0;
  for (const std::int32_t lane : sums) sum += lane;
  return static_cast<float>(sum);
}

template <OneKernel kernel>
void four(const PreparedQuery& query, const std::byte* const* rows, float* out) {
  for (std::size_t at = 0; at < 4; ++at) out[at] = kernel(query, rows[at]);
}

template <class Operation, class Element>
constexpr KernelPair pair{one<Operation, Element>, four<one<Operation, Element>>};

constexpr Kernels portable{.name = "portable",
                           .dot_f32 = pair<Product, Single>,
                           .squared_distance_f32 = pair<SquaredDifference, Single>,
                           .dot_f16 = pair<Product, Half>,
                           .squared_distance_f16 = pair<SquaredDifference, Half>,
                           .dot_i8 = {one_of_codes, four<one_of_codes>}};

}  // namespace

std::span<const Kernels* const> usable_kernels() {
  static const std::vector<const Kernels*> usable = [] {
    std::vector<const Kernels*> all{&portable};
    for (const Kernels* version : x86_kernels()) all.push_back(version);
    return all;
  }();
  return usable;
}

const Kernels& kernels() {
  static const Kernels& fastest = *usable_kernels().back();
  return fastest;
}

std::string_view kernel_name() { return kernels().name; }

}  // namespace strata::view
