// What a call that must fail has thrown, and whether that helps whoever reads it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strata/error.hpp"

namespace strata {

/// The error of a call that must fail; the test fails when there is none, or none of Strata's.
template <class Call>
Error error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& other) {
    ADD_FAILURE() << "no strata::Error: " << other.what();
    return {ErrorCode::internal, ""};
  }
  ADD_FAILURE() << "the call did not fail";
  return {ErrorCode::internal, ""};
}

/// What an error has to say.
struct Clarity {
  std::vector<ErrorCode> codes;        ///< One of them.
  std::vector<std::string> words{};    ///< All of them, in any case.
  std::vector<std::string> secrets{};  ///< None of them.
};

inline std::string lower(std::string_view text) {
  std::string small(text);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return small;
}

inline testing::AssertionResult is_clear(const Error& error, const Clarity& clarity) {
  const std::string_view said = error.what();
  const auto failure = [&] { return testing::AssertionFailure() << to_string(error.code()) << ": " << said << "\n  "; };
  if (std::find(clarity.codes.begin(), clarity.codes.end(), error.code()) == clarity.codes.end())
    return failure() << "another code was expected";
  for (const std::string& word : clarity.words) {
    if (lower(said).find(lower(word)) == std::string::npos) return failure() << "`" << word << "` is missing";
  }
  for (const std::string& secret : clarity.secrets) {
    if (said.find(secret) != std::string_view::npos) return failure() << "it tells a secret";
  }
  if (said.find('\n') != std::string_view::npos) return failure() << "it is more than one line";
  constexpr std::size_t longest = 600;
  if (said.size() > longest) return failure() << "it is too long";
  return testing::AssertionSuccess() << said;
}

}  // namespace strata
