#include "engine/duckdb/duckdb_error.hpp"

#include <string>

namespace strata::engine::duck {
namespace {

struct Meaning {
  const char* words;  // somewhere in the text
  ErrorCode code;
  const char* remedy;
};

constexpr const char* remedy_of_damage = "a file is damaged: run `strata verify`, restore a backup";
constexpr const char* remedy_of_disk = "see to the disk, then close and open the store again";

/// In this order: what names its cause comes before the class of the error.
constexpr Meaning meanings[] = {
    {"No space left", ErrorCode::io, "the disk is full: free some space, then close and open the store again"},
    {"Could not set lock", ErrorCode::busy, "another program has the file open: close it there"},
    {"Permission denied", ErrorCode::io, "this user may not use it: see to the permissions"},
    {"checksum", ErrorCode::corruption, remedy_of_damage},
    {"orrupt", ErrorCode::corruption, remedy_of_damage},
    {"not a valid DuckDB", ErrorCode::corruption, remedy_of_damage},
    {"newer version of DuckDB", ErrorCode::unsupported, "use a newer DuckDB library"},
    {"Out of Memory Error", ErrorCode::io, "no memory: raise memory_bytes in the URL, then open the store again"},
    {"could not allocate", ErrorCode::io, "no memory: free some, then close and open the store again"},
    {"Serialization Error", ErrorCode::corruption, remedy_of_damage},
    {"INTERNAL Error", ErrorCode::corruption, remedy_of_damage},
    {"IO Error", ErrorCode::io, remedy_of_disk},
    {"FATAL Error", ErrorCode::io, remedy_of_disk},
    {"database has been invalidated", ErrorCode::io, remedy_of_disk},
};
constexpr Meaning unforeseen{"", ErrorCode::internal, "this is a defect in Strata: please report it"};

const Meaning& meaning_of(std::string_view text) {
  for (const Meaning& meaning : meanings) {
    if (text.find(meaning.words) != std::string_view::npos) return meaning;
  }
  return unforeseen;
}

}  // namespace

Error duckdb_error(std::string_view text, std::string_view place, std::string_view operation) {
  const Meaning& meaning = meaning_of(text);
  const std::string_view line = text.substr(0, text.find('\n'));
  return {meaning.code, std::string(place) + ": could not " + std::string(operation) + ": " + std::string(line) + "; " +
                            meaning.remedy};
}

}  // namespace strata::engine::duck
