// A vector made of the letters of a text: its words, pairs of words that follow each other, and the runs of three to
// five letters in each word, each hashed to a place and a sign (Weinberger et al., "Feature Hashing for Large Scale
// Multitask Learning", 2009). Texts that are spelled alike come out alike, also across endings and slips of the pen.
// It knows no meanings: `car` and `automobile` have nothing in common.
#pragma once

#include <string_view>
#include <vector>

namespace strata::model {

/// Of length 1; all zero for a text without letters or digits. The same on every machine.
std::vector<float> embed_lexically(std::string_view text, std::size_t dimension);

}  // namespace strata::model
