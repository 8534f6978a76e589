// What a file is written in, by its name.
#pragma once

#include <cstdint>
#include <string_view>

namespace strata::ingest {

enum class Language : std::uint8_t {
  text,  ///< Anything that is cut by paragraph.
  markdown,
  c,
  cpp,
  python,
  javascript,
  typescript,
  rust,
  go,
  java,
};

/// How the language is called in records and on the command line: `cpp`, `python`, ... For what is cut by paragraph the
/// name may say more than `text`: `json`, `shell`, `yaml`.
struct FileLanguage {
  Language language = Language::text;
  std::string_view name = "text";
};

/// By the name's ending, or the name itself; for names without ending, by a first line such as `#!/usr/bin/python3`.
FileLanguage language_of(std::string_view path, std::string_view content);

}  // namespace strata::ingest
