#include "model/lexical_embedding.hpp"

#include <cmath>
#include <map>
#include <string>

#include "codec/hash.hpp"

namespace strata::model {
namespace {

constexpr float word_weight = 1.0F;
constexpr float pair_weight = 0.5F;
constexpr float part_weight = 0.35F;
constexpr std::size_t part_bytes_min = 3;
constexpr std::size_t part_bytes_max = 5;
constexpr std::size_t word_bytes_max = 64;  // what is longer is no word: its beginning stands for it

/// ASCII letters in lower case, digits, and all bytes beyond ASCII.
bool is_of_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto end = [&] {
    if (!word.empty()) words.push_back(word);
    word.clear();
  };
  for (const char c : text) {
    if (!is_of_word(c)) {
      end();
    } else if (word.size() < word_bytes_max) {
      word += lower(c);
    }
  }
  end();
  return words;
}

}  // namespace

std::vector<float> embed_lexically(std::string_view text, std::size_t dimension) {
  std::map<std::string, std::pair<float, std::size_t>> features;  // weight, how often; in one order everywhere
  const auto count = [&](std::string feature, float weight) {
    auto& [kept, times] = features.try_emplace(std::move(feature), weight, 0).first->second;
    ++times;
  };
  const std::vector<std::string> words = words_of(text);
  for (std::size_t i = 0; i < words.size(); ++i) {
    count("w" + words[i], word_weight);
    if (i > 0) count("p" + words[i - 1] + " " + words[i], pair_weight);
    const std::string framed = "<" + words[i] + ">";
    for (std::size_t bytes = part_bytes_min; bytes <= part_bytes_max; ++bytes) {
      for (std::size_t at = 0; at + bytes <= framed.size(); ++at) count("c" + framed.substr(at, bytes), part_weight);
    }
  }
  std::vector<double> sums(dimension);
  for (const auto& [feature, counted] : features) {
    const std::uint64_t hash = codec::hash64(feature);
    const double often = 1 + std::log(static_cast<double>(counted.second));
    sums[(hash >> 1) % dimension] += (hash & 1) != 0 ? counted.first * often : -counted.first * often;
  }
  double norm = 0;
  for (const double sum : sums) norm += sum * sum;
  std::vector<float> vector(dimension);
  if (norm == 0) return vector;
  for (std::size_t i = 0; i < dimension; ++i) vector[i] = static_cast<float>(sums[i] / std::sqrt(norm));
  return vector;
}

}  // namespace strata::model
