// The inner loops: a query against one row, or against four at once. Which version runs is chosen once, by what the
// processor can do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace strata::view {

/// A query as kernels read it: f32 elements for rows of f32 and f16, codes for rows of i8; zeros up to `padded`.
struct PreparedQuery {
  const std::byte* data = nullptr;
  std::size_t padded = 0;     ///< Elements: a multiple of 8 (f32), 16 (f16), 32 (i8).
  std::int32_t code_sum = 0;  ///< Of i8: the sum of the codes.
};

/// The raw result for one row: dot product or squared distance; of i8 the dot product of the codes.
using OneKernel = float (*)(const PreparedQuery& query, const std::byte* row);
/// The same for rows[0] to rows[3], into out[0] to out[3].
using FourKernel = void (*)(const PreparedQuery& query, const std::byte* const* rows, float* out);

struct KernelPair {
  OneKernel one = nullptr;
  FourKernel four = nullptr;
};

/// One version of all of them.
struct Kernels {
  std::string_view name;
  KernelPair dot_f32;
  KernelPair squared_distance_f32;
  KernelPair dot_f16;
  KernelPair squared_distance_f16;
  KernelPair dot_i8;
};

/// The fastest version on this processor.
const Kernels& kernels();
std::string_view kernel_name();

/// All that this processor can run, the slowest (portable) first.
std::span<const Kernels* const> usable_kernels();

}  // namespace strata::view
