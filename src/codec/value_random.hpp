// Random values for tests, with a liking for the borders: integers around powers of two, denormals, strings with zero
// bytes and common beginnings.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "strata/value.hpp"

namespace strata::codec {

/// The seed of this run: STRATA_TEST_SEED, or a fresh one.
inline std::uint64_t test_seed() {
  static const std::uint64_t seed = [] {
    const char* given = std::getenv("STRATA_TEST_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::uint64_t{std::random_device()()};
  }();
  return seed;
}

/// What to print when a random test fails.
inline std::string replay_command(const std::string& test) {
  return "replay: STRATA_TEST_SEED=" + std::to_string(test_seed()) + " codec_test --gtest_filter=" + test;
}

class RandomValues {
 public:
  explicit RandomValues(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  bool chance(std::uint64_t one_in) { return below(one_in) == 0; }
  std::uint64_t bits() { return engine_(); }

  Value number() {
    switch (below(6)) {
      case 0:
        return Value(static_cast<std::int64_t>(below(600)) - 300);
      case 1:
        return Value(power_of_two() + below(3) - 1);
      case 2:
        return Value(static_cast<std::int64_t>(0 - power_of_two() + below(3) - 1));
      case 3: {
        const double near = static_cast<double>(power_of_two());
        const double moved = std::nextafter(near, chance(2) ? 0.0 : std::numeric_limits<double>::max());
        return Value(chance(2) ? moved : -moved);
      }
      case 4:
        return Value((static_cast<double>(below(4000)) - 2000) / 8);
      default:
        return Value(any_double());
    }
  }

  std::string text() {
    static const std::string pieces[] = {
        "a", "b", std::string(1, '\0'), "\x01", "\x02", "\x7f", "\xc3\xa9", "\xf0\x9f\x98\x80", "\"", "\\", "\n", "ab"};
    std::string content;
    for (std::uint64_t left = below(chance(20) ? 400 : 5); left != 0; --left)
      content += pieces[below(std::size(pieces))];
    return content;
  }

  Value value(std::size_t levels = 4) {
    switch (below(levels == 0 ? 5 : 7)) {
      case 0:
        return Value();
      case 1:
        return Value(chance(2));
      case 2:
      case 3:
        return number();
      case 4:
        return Value(text());
      case 5: {
        std::vector<Value> elements;
        for (std::uint64_t left = length(); left != 0; --left) elements.push_back(value(levels - 1));
        return Value::array(elements);
      }
      default: {
        std::vector<std::pair<std::string, Value>> members;
        for (std::uint64_t left = length(); left != 0; --left) {
          members.emplace_back(text() + std::to_string(left % 3), value(levels - 1));
          for (std::size_t i = 0; i + 1 < members.size(); ++i) {
            if (members[i].first == members.back().first) members.back().first += std::to_string(left) + "x";
          }
        }
        return Value::object(members);
      }
    }
  }

 private:
  std::uint64_t length() { return chance(30) ? below(60) : below(5); }
  std::uint64_t power_of_two() { return std::uint64_t{1} << below(64); }

  double any_double() {
    for (;;) {
      const std::uint64_t raw = engine_();
      const auto content = std::bit_cast<double>(chance(8) ? raw & 0x800fffffffffffff : raw);
      if (std::isfinite(content)) return content;
    }
  }

  std::mt19937_64 engine_;
};

}  // namespace strata::codec
