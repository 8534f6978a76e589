// What stands before the brace of a definition: `class Walk final : public Base`, `fn run(&self) -> u64`.
#pragma once

#include <string>
#include <string_view>

#include "ingest/language.hpp"

namespace strata::ingest {

struct DefinitionHead {
  std::string name{};         ///< Empty: no definition begins here.
  bool container = false;     ///< Its body holds definitions: a class, a namespace.
  bool to_semicolon = false;  ///< It does not end with its body: `struct {...} a;`
};

/// Requires: a language with braces; `head` is code as blank_comments() leaves it.
DefinitionHead read_head(std::string_view head, Language language);

}  // namespace strata::ingest
