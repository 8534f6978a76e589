// One file as the store is to hold it: content, passages, edges; and the transactions that make it so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/file_walk.hpp"
#include "ingest/ingest_root.hpp"
#include "ingest/language.hpp"
#include "ingest/passages.hpp"
#include "ingest/reference_targets.hpp"

namespace strata::ingest {

/// The types of edges that ingest makes and removes from a file. It leaves others alone.
inline constexpr std::string_view contains_edge = "contains";
inline constexpr std::string_view defines_edge = "defines";

struct Symbol {
  std::string name{};
  std::string kind{};
  std::size_t line = 1;
};

struct FileEdge {
  std::string type{};
  std::string to{};      ///< A node.
  std::string detail{};  ///< Of a symbol: its kind.
  std::size_t line = 1;
};

struct IngestedFile {
  std::string key{};
  std::string root{};
  std::string path{};
  std::string recipe{};  ///< How it was cut: other options cut it anew.
  std::string_view language = "text";
  std::uint64_t size = 0;
  std::uint64_t lines = 0;
  std::int64_t modified_ns = 0;
  std::string content{};  ///< Empty, with `large`, for one that is stored part by part.
  bool large = false;
  std::vector<Value> passages{};  ///< The records; `section` is the key of the passage that begins it.
  std::vector<FileEdge> edges{};
};

/// How a file was last stored.
struct StoredFile {
  std::string key{};
  std::string path{};
  std::string recipe{};
  std::uint64_t size = 0;
  std::int64_t modified_us = 0;
  Time updated{};
  std::size_t passages = 0;
};

/// Of a record in the collection `files`; nothing when it is not one of the root's.
std::optional<StoredFile> stored_file(const Record& record, std::string_view root);

struct FileChanges {
  std::uint64_t passages = 0;  ///< Put or erased,
  std::uint64_t edges = 0;     ///< linked or unlinked.
};

/// `already_exists` when the key belongs to another root, or was not made by ingest.
void check_owner(Transaction& transaction, const std::string& key, std::string_view root);

/// Record, content, passages and edges become what the file says. `already_exists` as check_owner().
FileChanges store_file(Transaction& transaction, const IngestedFile& file);
/// The record's own members alone: the content is as before.
void store_metadata(Transaction& transaction, const IngestedFile& file);
/// The edges that lead out of the file, those to its passages aside.
FileChanges store_edges(Transaction& transaction, const std::string& key, const std::vector<FileEdge>& edges,
                        bool symbols);
/// All of it goes.
FileChanges erase_file(Transaction& transaction, const std::string& key, std::string_view root);

/// The record's members that are ingest's own.
Value file_metadata(const IngestedFile& file);

}  // namespace strata::ingest
