#include "view/vector/x86_kernels.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

namespace strata::view {
namespace {

// Functions that a processor may lack instructions for are marked one by one; everything they call is inlined.
#define STRATA_AVX2 __attribute__((target("avx2,fma,f16c")))
#define STRATA_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")))
#define STRATA_VNNI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")))
#define STRATA_INLINE inline __attribute__((always_inline))

const float* floats(const std::byte* data, std::size_t at) { return reinterpret_cast<const float*>(data) + at; }

struct Product {
  STRATA_AVX2 static STRATA_INLINE __m256 add(__m256 sum, __m256 one, __m256 other) {
    return _mm256_fmadd_ps(one, other, sum);
  }
  STRATA_AVX512 static STRATA_INLINE __m512 add(__m512 sum, __m512 one, __m512 other) {
    return _mm512_fmadd_ps(one, other, sum);
  }
};

struct SquaredDifference {
  STRATA_AVX2 static STRATA_INLINE __m256 add(__m256 sum, __m256 one, __m256 other) {
    const __m256 difference = _mm256_sub_ps(one, other);
    return _mm256_fmadd_ps(difference, difference, sum);
  }
  STRATA_AVX512 static STRATA_INLINE __m512 add(__m512 sum, __m512 one, __m512 other) {
    const __m512 difference = _mm512_sub_ps(one, other);
    return _mm512_fmadd_ps(difference, difference, sum);
  }
};

struct Single {
  STRATA_AVX2 static STRATA_INLINE __m256 load8(const std::byte* row, std::size_t at) {
    return _mm256_loadu_ps(floats(row, at));
  }
  STRATA_AVX512 static STRATA_INLINE __m512 load16(const std::byte* row, std::size_t at) {
    return _mm512_loadu_ps(floats(row, at));
  }
  STRATA_AVX512 static STRATA_INLINE __m512 load_last8(const std::byte* row, std::size_t at) {
    return _mm512_maskz_loadu_ps(0xff, floats(row, at));
  }
};

struct Half {
  STRATA_AVX2 static STRATA_INLINE __m256 load8(const std::byte* row, std::size_t at) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(row + 2 * at)));
  }
  STRATA_AVX512 static STRATA_INLINE __m512 load16(const std::byte* row, std::size_t at) {
    return _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(row + 2 * at)));
  }
  /// Rows of halves are whole multiples of 16.
  STRATA_AVX512 static STRATA_INLINE __m512 load_last8(const std::byte*, std::size_t) { return _mm512_setzero_ps(); }
};

// AVX2.

STRATA_AVX2 STRATA_INLINE __m128 fold(__m256 sum) {
  return _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
}

STRATA_AVX2 STRATA_INLINE float total(__m128 sum) {
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  return _mm_cvtss_f32(_mm_add_ss(sum, _mm_movehdup_ps(sum)));
}

/// The totals of four sums, in one step.
STRATA_AVX2 STRATA_INLINE void totals(__m128 s0, __m128 s1, __m128 s2, __m128 s3, float* out) {
  _mm_storeu_ps(out, _mm_hadd_ps(_mm_hadd_ps(s0, s1), _mm_hadd_ps(s2, s3)));
}

template <class Operation, class Element>
STRATA_AVX2 float one_avx2(const PreparedQuery& query, const std::byte* row) {
  __m256 even = _mm256_setzero_ps();
  __m256 odd = _mm256_setzero_ps();
  std::size_t at = 0;
  for (; at + 16 <= query.padded; at += 16) {
    even = Operation::add(even, Single::load8(query.data, at), Element::load8(row, at));
    odd = Operation::add(odd, Single::load8(query.data, at + 8), Element::load8(row, at + 8));
  }
  if (at < query.padded) even = Operation::add(even, Single::load8(query.data, at), Element::load8(row, at));
  return total(fold(_mm256_add_ps(even, odd)));
}

template <class Operation, class Element>
STRATA_AVX2 void four_avx2(const PreparedQuery& query, const std::byte* const* rows, float* out) {
  __m256 s0 = _mm256_setzero_ps();
  __m256 s1 = _mm256_setzero_ps();
  __m256 s2 = _mm256_setzero_ps();
  __m256 s3 = _mm256_setzero_ps();
  for (std::size_t at = 0; at < query.padded; at += 8) {
    const __m256 of_query = Single::load8(query.data, at);
    s0 = Operation::add(s0, of_query, Element::load8(rows[0], at));
    s1 = Operation::add(s1, of_query, Element::load8(rows[1], at));
    s2 = Operation::add(s2, of_query, Element::load8(rows[2], at));
    s3 = Operation::add(s3, of_query, Element::load8(rows[3], at));
  }
  totals(fold(s0), fold(s1), fold(s2), fold(s3), out);
}

/// Pairs of products do not overflow 16 bits: codes are -127 to 127, and -128 in damaged rows alone.
STRATA_AVX2 STRATA_INLINE __m256i add_codes(__m256i sum, const std::byte* query, const std::byte* row) {
  const __m256i of_query = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(query));
  const __m256i of_row = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(row));
  const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(of_query), _mm256_sign_epi8(of_row, of_query));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

STRATA_AVX2 STRATA_INLINE __m128i fold(__m256i sum) {
  return _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
}

STRATA_AVX2 STRATA_INLINE __m128i totals(__m128i s0, __m128i s1, __m128i s2, __m128i s3) {
  return _mm_hadd_epi32(_mm_hadd_epi32(s0, s1), _mm_hadd_epi32(s2, s3));
}

STRATA_AVX2 float one_of_codes_avx2(const PreparedQuery& query, const std::byte* row) {
  __m256i sum = _mm256_setzero_si256();
  for (std::size_t at = 0; at < query.padded; at += 32) sum = add_codes(sum, query.data + at, row + at);
  const __m128i zero = _mm_setzero_si128();
  return static_cast<float>(_mm_cvtsi128_si32(totals(fold(sum), zero, zero, zero)));
}

STRATA_AVX2 void four_of_codes_avx2(const PreparedQuery& query, const std::byte* const* rows, float* out) {
  __m256i s0 = _mm256_setzero_si256();
  __m256i s1 = _mm256_setzero_si256();
  __m256i s2 = _mm256_setzero_si256();
  __m256i s3 = _mm256_setzero_si256();
  for (std::size_t at = 0; at < query.padded; at += 32) {
    s0 = add_codes(s0, query.data + at, rows[0] + at);
    s1 = add_codes(s1, query.data + at, rows[1] + at);
    s2 = add_codes(s2, query.data + at, rows[2] + at);
    s3 = add_codes(s3, query.data + at, rows[3] + at);
  }
  _mm_storeu_ps(out, _mm_cvtepi32_ps(totals(fold(s0), fold(s1), fold(s2), fold(s3))));
}

// AVX-512.

// Masks that let everything through: without them GCC 12 takes what its own header leaves open for a use before
// initialisation.
STRATA_AVX512 STRATA_INLINE __m256 halve(__m512 sum) {
  return _mm256_add_ps(_mm512_maskz_extractf32x8_ps(0xff, sum, 0), _mm512_maskz_extractf32x8_ps(0xff, sum, 1));
}

template <class Operation, class Element>
STRATA_AVX512 float one_avx512(const PreparedQuery& query, const std::byte* row) {
  __m512 even = _mm512_setzero_ps();
  __m512 odd = _mm512_setzero_ps();
  std::size_t at = 0;
  for (; at + 32 <= query.padded; at += 32) {
    even = Operation::add(even, Single::load16(query.data, at), Element::load16(row, at));
    odd = Operation::add(odd, Single::load16(query.data, at + 16), Element::load16(row, at + 16));
  }
  if (at + 16 <= query.padded) {
    even = Operation::add(even, Single::load16(query.data, at), Element::load16(row, at));
    at += 16;
  }
  if (at < query.padded) odd = Operation::add(odd, Single::load_last8(query.data, at), Element::load_last8(row, at));
  return total(fold(halve(_mm512_add_ps(even, odd))));
}

template <class Operation, class Element>
STRATA_AVX512 void four_avx512(const PreparedQuery& query, const std::byte* const* rows, float* out) {
  __m512 s0 = _mm512_setzero_ps();
  __m512 s1 = _mm512_setzero_ps();
  __m512 s2 = _mm512_setzero_ps();
  __m512 s3 = _mm512_setzero_ps();
  std::size_t at = 0;
  for (; at + 16 <= query.padded; at += 16) {
    const __m512 of_query = Single::load16(query.data, at);
    s0 = Operation::add(s0, of_query, Element::load16(rows[0], at));
    s1 = Operation::add(s1, of_query, Element::load16(rows[1], at));
    s2 = Operation::add(s2, of_query, Element::load16(rows[2], at));
    s3 = Operation::add(s3, of_query, Element::load16(rows[3], at));
  }
  if (at < query.padded) {
    const __m512 of_query = Single::load_last8(query.data, at);
    s0 = Operation::add(s0, of_query, Element::load_last8(rows[0], at));
    s1 = Operation::add(s1, of_query, Element::load_last8(rows[1], at));
    s2 = Operation::add(s2, of_query, Element::load_last8(rows[2], at));
    s3 = Operation::add(s3, of_query, Element::load_last8(rows[3], at));
  }
  totals(fold(halve(s0)), fold(halve(s1)), fold(halve(s2)), fold(halve(s3)), out);
}

/// The instruction wants one side without signs: the row's codes with 128 added, which the sum of the query's codes
/// takes out again.
STRATA_VNNI STRATA_INLINE __m512i add_codes(__m512i sum, __m512i of_query, __m512i of_row) {
  return _mm512_dpbusd_epi32(sum, _mm512_xor_si512(of_row, _mm512_set1_epi8(-128)), of_query);
}

STRATA_VNNI STRATA_INLINE __m512i codes64(const std::byte* data) {
  return _mm512_loadu_si512(reinterpret_cast<const void*>(data));
}

STRATA_VNNI STRATA_INLINE __m512i codes32(const std::byte* data) {
  return _mm512_maskz_loadu_epi8(0xffff'ffff, reinterpret_cast<const void*>(data));
}

STRATA_VNNI STRATA_INLINE __m256i halve(__m512i sum) {
  return _mm256_add_epi32(_mm512_maskz_extracti64x4_epi64(0xff, sum, 0), _mm512_maskz_extracti64x4_epi64(0xff, sum, 1));
}

STRATA_VNNI float one_of_codes_vnni(const PreparedQuery& query, const std::byte* row) {
  __m512i sum = _mm512_setzero_si512();
  std::size_t at = 0;
  for (; at + 64 <= query.padded; at += 64) sum = add_codes(sum, codes64(query.data + at), codes64(row + at));
  if (at < query.padded) sum = add_codes(sum, codes32(query.data + at), codes32(row + at));
  const __m128i zero = _mm_setzero_si128();
  return static_cast<float>(_mm_cvtsi128_si32(totals(fold(halve(sum)), zero, zero, zero)) - 128 * query.code_sum);
}

STRATA_VNNI void four_of_codes_vnni(const PreparedQuery& query, const std::byte* const* rows, float* out) {
  __m512i s0 = _mm512_setzero_si512();
  __m512i s1 = _mm512_setzero_si512();
  __m512i s2 = _mm512_setzero_si512();
  __m512i s3 = _mm512_setzero_si512();
  std::size_t at = 0;
  for (; at + 64 <= query.padded; at += 64) {
    const __m512i of_query = codes64(query.data + at);
    s0 = add_codes(s0, of_query, codes64(rows[0] + at));
    s1 = add_codes(s1, of_query, codes64(rows[1] + at));
    s2 = add_codes(s2, of_query, codes64(rows[2] + at));
    s3 = add_codes(s3, of_query, codes64(rows[3] + at));
  }
  if (at < query.padded) {
    const __m512i of_query = codes32(query.data + at);
    s0 = add_codes(s0, of_query, codes32(rows[0] + at));
    s1 = add_codes(s1, of_query, codes32(rows[1] + at));
    s2 = add_codes(s2, of_query, codes32(rows[2] + at));
    s3 = add_codes(s3, of_query, codes32(rows[3] + at));
  }
  const __m128i sums = totals(fold(halve(s0)), fold(halve(s1)), fold(halve(s2)), fold(halve(s3)));
  _mm_storeu_ps(out, _mm_cvtepi32_ps(_mm_sub_epi32(sums, _mm_set1_epi32(128 * query.code_sum))));
}

template <class Operation, class Element>
constexpr KernelPair pair_avx2{one_avx2<Operation, Element>, four_avx2<Operation, Element>};
template <class Operation, class Element>
constexpr KernelPair pair_avx512{one_avx512<Operation, Element>, four_avx512<Operation, Element>};

constexpr Kernels avx2{.name = "avx2",
                       .dot_f32 = pair_avx2<Product, Single>,
                       .squared_distance_f32 = pair_avx2<SquaredDifference, Single>,
                       .dot_f16 = pair_avx2<Product, Half>,
                       .squared_distance_f16 = pair_avx2<SquaredDifference, Half>,
                       .dot_i8 = {one_of_codes_avx2, four_of_codes_avx2}};

constexpr Kernels avx512_with(std::string_view name, const KernelPair& dot_i8) {
  return {.name = name,
          .dot_f32 = pair_avx512<Product, Single>,
          .squared_distance_f32 = pair_avx512<SquaredDifference, Single>,
          .dot_f16 = pair_avx512<Product, Half>,
          .squared_distance_f16 = pair_avx512<SquaredDifference, Half>,
          .dot_i8 = dot_i8};
}
constexpr Kernels avx512 = avx512_with("avx512", {one_of_codes_avx2, four_of_codes_avx2});
constexpr Kernels avx512_vnni = avx512_with("avx512-vnni", {one_of_codes_vnni, four_of_codes_vnni});

}  // namespace

std::vector<const Kernels*> x86_kernels() {
  std::vector<const Kernels*> usable;
  // Every processor with AVX2 converts halves, which not every compiler can ask for.
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return usable;
  usable.push_back(&avx2);
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl")) {
    return usable;
  }
  usable.push_back(&avx512);
  if (__builtin_cpu_supports("avx512vnni")) usable.push_back(&avx512_vnni);
  return usable;
}

}  // namespace strata::view

#else

namespace strata::view {

std::vector<const Kernels*> x86_kernels() { return {}; }

}  // namespace strata::view

#endif
