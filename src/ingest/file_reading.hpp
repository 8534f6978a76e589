// A file's text, read and cut.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ingest/ingest_root.hpp"
#include "ingest/ingested_file.hpp"
#include "ingest/language.hpp"

namespace strata::ingest {

struct FileText {
  std::string place{};    ///< Where it was read.
  std::string content{};  ///< All of it; of a large one the beginning that is cut.
  FileLanguage language{};
  std::uint64_t size = 0;
  std::uint64_t lines = 0;
  std::int64_t modified_ns = 0;  ///< As of before the reading: what changed meanwhile is newer.
  std::size_t cut_bytes = 0;     ///< So much of the content is cut into passages.
  bool binary = false;           ///< It has a NUL in its first 8 KiB; nothing else is filled in.
  bool large = false;
  bool truncated = false;  ///< Less than all of it is cut.
};

/// `not_found`, `io`, `invalid_argument` from reading.
FileText read_file_text(const std::string& place, const std::string& path, std::uint64_t passage_bytes_max);

struct FileIdentity {
  std::string key{};
  std::string root{};
  std::string path{};
  std::string recipe{};
};

/// All but the content.
IngestedFile prepare_file(const FileText& text, FileIdentity identity, const IngestRoot& root,
                          const ReferenceTargets& targets, const std::vector<Symbol>& symbols);

}  // namespace strata::ingest
