// What a file refers to: links of Markdown, includes, imports. As it is written; reference_targets.hpp finds the files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/code_text.hpp"
#include "ingest/language.hpp"

namespace strata::ingest {

inline constexpr std::size_t references_max = 20'000;  ///< Of one file; the rest is not told.

enum class FileReferenceKind : std::uint8_t {
  link,            ///< Markdown: a link or an image.
  include,         ///< `#include "a.h"`
  include_system,  ///< `#include <a.h>`
  import,          ///< A module, as the language writes it. Python: with the leading dots of a relative one. Rust: a
                   ///< path such as `crate::a::b`.
  import_member,   ///< Python's `from a import b`, as `a.b`: a module, or something within `a`.
  module,          ///< Rust's `mod name;`
};

struct FileReference {
  FileReferenceKind kind = FileReferenceKind::link;
  std::string target{};
  std::size_t line = 1;
};

/// In the order of the text. `code`: what blank_comments() makes of it, where the language is code.
std::vector<FileReference> find_references(std::string_view text, Language language, const CodeText& code);

}  // namespace strata::ingest
