#include "tests/house/house.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <iterator>
#include <optional>

namespace strata::house {
namespace {

/// The folders of src/ from the ground up. A folder may use those before it.
constexpr std::array order{"base",  "platform", "codec", "engine",  "commit", "filter", "follow",
                           "model", "view",     "query", "operate", "store",  "ingest", "cli"};

/// Faces stand outside: of the library they know the public headers alone, so not src/platform either. What a face asks
/// of the operating system (its terminal, its signals, other programs) stands in files of its own.
constexpr std::array faces{"ingest", "cli", "server"};
constexpr std::array<std::string_view, 2> system_files{"/system.cpp", "/subprocess.cpp"};

/// What the folders below the public classes may know of the public headers; the others may know all.
struct PublicShare {
  std::string_view folder;
  std::initializer_list<std::string_view> headers;
};
const std::array public_shares{
    PublicShare{"base", {"types.hpp", "error.hpp"}},
    PublicShare{"platform", {"types.hpp", "error.hpp", "engine.hpp"}},
    PublicShare{"codec", {"types.hpp", "error.hpp", "engine.hpp", "value.hpp", "options.hpp"}},
    PublicShare{"engine", {"types.hpp", "error.hpp", "engine.hpp", "options.hpp"}},
};

/// A library from outside, and the only folders that may include it.
struct Library {
  std::string_view header;  // a whole name, or a prefix that ends in `/`
  std::initializer_list<std::string_view> folders;
};
const std::array libraries{
    Library{"lmdb.h", {"engine/lmdb"}},
    Library{"sqlite3.h", {"engine/sqlite", "view/text", "ingest"}},  // ingest: the tour's baseline
    Library{"rocksdb/", {"engine/rocksdb"}},
    Library{"libpq-fe.h", {"engine/postgres"}},
    Library{"duckdb.h", {"engine/duckdb", "view/analytics"}},
    Library{"duckdb.hpp", {"engine/duckdb", "view/analytics"}},
    Library{"xxhash.h", {"base", "codec"}},
    Library{"rapidjson/", {"codec"}},
    Library{"zstd.h", {"codec", "ingest", "model"}},
    Library{"zdict.h", {"codec"}},
    Library{"lz4.h", {"codec", "ingest", "model"}},
    Library{"lz4frame.h", {"ingest", "model"}},
    Library{"zlib.h", {"ingest"}},
    Library{"CLI/", {"cli"}},
    Library{"histedit.h", {"cli"}},
    Library{"immintrin.h", {"base", "view/vector"}},
    Library{"arm_neon.h", {"base", "view/vector"}},
};

// Spelled in halves: these rules hold for this file too.
constexpr std::array words_of_haste{
    "TO"
    "DO",
    "FIX"
    "ME",
    "XX"
    "X",
    "HA"
    "CK"};
constexpr std::array names_of_nothing{"util",   "utils", "helper", "helpers", "manager",
                                      "common", "misc",  "data",   "info",    "impl"};

bool is_letter(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

template <typename Range>
bool contains(const Range& range, std::string_view value) {
  return std::find(std::begin(range), std::end(range), value) != std::end(range);
}

bool contains_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool starts = at == 0 || !is_letter(text[at - 1]);
    const bool ends = end == text.size() || !is_letter(text[end]);
    if (starts && ends) return true;
  }
  return false;
}

struct Include {
  std::string_view name;
  bool quoted = false;
};

std::optional<Include> parse_include(std::string_view line) {
  const auto skip_blanks = [&line] { line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size())); };
  skip_blanks();
  if (!line.starts_with('#')) return std::nullopt;
  line.remove_prefix(1);
  skip_blanks();
  if (!line.starts_with("include")) return std::nullopt;
  line.remove_prefix(std::string_view("include").size());
  skip_blanks();
  if (line.empty() || (line.front() != '"' && line.front() != '<')) return std::nullopt;
  const bool quoted = line.front() == '"';
  line.remove_prefix(1);
  return Include{line.substr(0, line.find(quoted ? '"' : '>')), quoted};
}

/// Where a file stands: `folder` is the first level below src/, `room` the whole folder (`engine/lmdb`).
struct Place {
  std::string_view top;
  std::string_view folder;
  std::string_view room;
  bool test = false;
  bool system = false;  // may call the operating system
};

Place place_of(std::string_view path) {
  Place place;
  place.top = path.substr(0, path.find('/'));
  place.test = path.ends_with("_test.cpp");
  if (place.top == "src") {
    const std::string_view below = path.substr(4);
    const std::size_t end = below.rfind('/');
    place.room = end == std::string_view::npos ? std::string_view() : below.substr(0, end);
    place.folder = place.room.substr(0, place.room.find('/'));
    place.system =
        place.folder == "platform" ||
        (contains(faces, place.room) && std::any_of(system_files.begin(), system_files.end(),
                                                    [&](std::string_view file) { return path.ends_with(file); }));
  }
  return place;
}

std::string quote(std::string_view name) { return "`" + std::string(name) + "`"; }

using Reason = std::optional<std::string>;

Reason check_public_share(const Place& place, std::string_view header) {
  const auto share = std::find_if(public_shares.begin(), public_shares.end(),
                                  [&](const PublicShare& candidate) { return candidate.folder == place.folder; });
  if (share == public_shares.end() || contains(share->headers, header)) return std::nullopt;
  return "src/" + std::string(place.folder) + " may not know strata/" + std::string(header);
}

Reason check_engine_room(const Place& place, std::string_view name) {
  const std::string_view room = name.substr(0, name.rfind('/'));
  const bool another_engine = room.starts_with("engine/") && room != place.room;
  if (place.folder == "engine" && another_engine) return "an engine may not know another: " + quote(name);
  return std::nullopt;
}

Reason check_own_include(const Place& place, std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return "write the folder too: " + quote(name);
  const std::string_view folder = name.substr(0, slash);
  if (folder == "strata") return check_public_share(place, name.substr(slash + 1));
  if (folder == "tests" && place.test) return std::nullopt;
  if (folder == place.folder) return check_engine_room(place, name);
  const auto here = std::find(order.begin(), order.end(), place.folder);
  const auto there = std::find(order.begin(), order.end(), folder);
  if (there == order.end()) return "no folder of the house holds " + quote(name);
  if (contains(faces, place.folder)) {
    if (place.folder == "cli" && folder == "ingest") return std::nullopt;
    return "a face uses include/strata alone, not " + quote(name);
  }
  if (there > here) {
    return "src/" + std::string(place.folder) + " stands above src/" + std::string(folder) + " and may not use " +
           quote(name);
  }
  return check_engine_room(place, name);
}

Reason check_foreign_include(const Place& place, std::string_view name) {
  for (const Library& library : libraries) {
    const bool is_it = library.header.ends_with('/') ? name.starts_with(library.header) : name == library.header;
    if (!is_it) continue;
    if (contains(library.folders, place.room) || contains(library.folders, place.folder)) return std::nullopt;
    return quote(name) + " belongs to src/" + std::string(*library.folders.begin()) + " alone";
  }
  if (name.starts_with("gtest/") || name.starts_with("gmock/")) {
    return place.test ? Reason() : "only tests may use " + quote(name);
  }
  if (place.test || place.system) return std::nullopt;
  if (name.find('.') != std::string_view::npos || name.find('/') != std::string_view::npos) {
    return "only src/platform calls the operating system: " + quote(name);
  }
  const bool touches_files = name == "fstream" || name == "filesystem";
  if (touches_files && !contains(faces, place.folder)) return "files go through src/platform: " + quote(name);
  return std::nullopt;
}

Reason check_promise_include(std::string_view place, const Include& include) {
  if (include.quoted) {
    if (include.name.starts_with("strata/")) return std::nullopt;
    return std::string(place) + " stands on include/strata alone, not on " + quote(include.name);
  }
  const bool standard = include.name.find_first_of("./") == std::string_view::npos;
  if (standard || (include.name.starts_with("std") && include.name.ends_with(".h"))) return std::nullopt;
  return std::string(place) + " uses the standard library alone, not " + quote(include.name);
}

Reason check_include(const Place& place, const Include& include) {
  if (place.top == "include") return check_promise_include("a public header", include);
  if (place.top == "examples") return check_promise_include("an example", include);
  if (place.top != "src") return std::nullopt;
  return include.quoted ? check_own_include(place, include.name) : check_foreign_include(place, include.name);
}

void check_name(std::string_view path, const Place& place, std::vector<Fault>& faults) {
  const auto fault = [&](std::string reason) { faults.push_back({std::string(path), 0, std::move(reason)}); };
  const std::string_view file = path.substr(path.rfind('/') + 1);
  const std::string_view stem = file.substr(0, file.find('.'));
  const bool snake_case = std::all_of(
      stem.begin(), stem.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
  if (!snake_case) fault("file names are snake_case");
  for (const std::string_view word : split(stem, '_')) {
    if (contains(names_of_nothing, word)) fault("a file is named by the noun that it defines, not " + quote(word));
  }
  if (place.top == "src" && !contains(order, place.folder)) fault("no folder of the house holds this file");
}

}  // namespace

std::string Fault::to_string() const { return path + ":" + std::to_string(line) + ": " + reason; }

std::vector<Fault> check_file(std::string_view path, std::string_view text) {
  std::vector<Fault> faults;
  const Place place = place_of(path);
  check_name(path, place, faults);
  if (text.ends_with('\n')) text.remove_suffix(1);
  const std::vector<std::string_view> lines = split(text, '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto fault = [&](std::string reason) { faults.push_back({std::string(path), i + 1, std::move(reason)}); };
    if (const auto include = parse_include(lines[i])) {
      if (auto reason = check_include(place, *include)) fault(std::move(*reason));
    }
    for (const std::string_view word : words_of_haste) {
      if (contains_word(lines[i], word)) fault("finish it, or write an issue: " + quote(word));
    }
  }
  const auto fault = [&](std::string reason) { faults.push_back({std::string(path), 0, std::move(reason)}); };
  if (lines.size() > file_lines_max) {
    fault(std::to_string(lines.size()) + " lines; look for the second file at " + std::to_string(file_lines_max));
  }
  if (path.ends_with(".hpp") && !contains(lines, "#pragma once")) fault("a header begins with #pragma once");
  return faults;
}

}  // namespace strata::house
