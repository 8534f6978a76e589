// Vector and text fields as the catalogue writes them down.
#pragma once

#include "strata/search.hpp"
#include "strata/value.hpp"

namespace strata::commit {

Value encode_vector_options(const VectorOptions& options);
/// `corruption` when it is none.
VectorOptions decode_vector_options(ValueView body);

Value encode_text_options(const TextOptions& options);
TextOptions decode_text_options(ValueView body);

}  // namespace strata::commit
