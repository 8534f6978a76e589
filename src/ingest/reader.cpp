#include "ingest/reader.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "ingest/csv_reader.hpp"
#include "ingest/deb822_reader.hpp"
#include "ingest/jsonl_reader.hpp"
#include "ingest/vector_reader.hpp"

namespace strata::ingest {
namespace {

constexpr std::array<std::string_view, 6> format_words{"auto", "jsonl", "csv", "deb822", "npy", "fvecs"};

/// The file's name without directories and without the ending of an archive.
std::string_view bare_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  for (const std::string_view ending : {".gz", ".zst", ".lz4"}) {
    if (path.ends_with(ending)) path.remove_suffix(ending.size());
  }
  return path;
}

Format format_by_name(std::string_view path) {
  const std::string_view name = bare_name(path);
  const auto ends = [&](std::string_view ending) { return name.ends_with(ending); };
  if (ends(".jsonl") || ends(".ndjson") || ends(".json")) return Format::jsonl;
  if (ends(".csv") || ends(".tsv")) return Format::csv;
  if (ends("Packages") || ends(".deb822")) return Format::deb822;
  if (ends(".npy")) return Format::npy;
  if (ends(".fvecs")) return Format::fvecs;
  return Format::auto_detect;
}

bool looks_like_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view name = line.substr(0, colon);
  const bool is_name =
      std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) || c == '-'; });
  return is_name && (colon + 1 == line.size() || line[colon + 1] == ' ' || line[colon + 1] == '\r');
}

Format format_by_first_line(LineSource& source) {
  std::string_view line;
  if (!source.peek(line)) return Format::jsonl;  // an empty file holds no records in any format
  const std::size_t start = line.find_first_not_of(" \t\r");
  if (start == std::string_view::npos || line[start] == '{' || line[start] == '[') return Format::jsonl;
  return looks_like_field(line) ? Format::deb822 : Format::csv;
}

}  // namespace

std::string_view to_string(Format format) { return format_words[static_cast<std::size_t>(format)]; }

std::optional<Format> parse_format(std::string_view word) {
  const auto found = std::find(format_words.begin(), format_words.end(), word);
  if (found == format_words.end()) return std::nullopt;
  return static_cast<Format>(found - format_words.begin());
}

std::unique_ptr<Reader> open_reader(LineSource& source, const ReaderOptions& options) {
  Format format = options.format;
  if (format == Format::auto_detect) format = format_by_name(source.name());
  if (format == Format::auto_detect) format = format_by_first_line(source);
  if (format == Format::deb822) return std::make_unique<Deb822Reader>(source, options.own_keys);
  if (format == Format::jsonl) return std::make_unique<JsonlReader>(source, options.own_keys);
  if (format == Format::npy || format == Format::fvecs) return std::make_unique<VectorReader>(source, format, options);
  ReaderOptions csv = options;
  if (csv.csv_delimiter == '\0') csv.csv_delimiter = bare_name(source.name()).ends_with(".tsv") ? '\t' : ',';
  return std::make_unique<CsvReader>(source, csv);
}

}  // namespace strata::ingest
