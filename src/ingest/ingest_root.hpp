// Roots: the folders (and single files) that a store holds, and the keys of their files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strata/store.hpp"

namespace strata::ingest {

/// Where roots are noted. Faces do not list it.
inline constexpr std::string_view roots_collection = "_ingest";
inline constexpr std::string_view files_collection = "files";
inline constexpr std::string_view passages_collection = "passages";

struct IngestRoot {
  std::string name{};  ///< What its keys begin with; empty for a store's first root, unless it was given one.
  std::string path{};  ///< Absolute, links resolved.
  bool is_file = false;
  /// Of the tree that all references were last resolved in: see TreeFingerprint. Empty while a run is under way.
  std::string tree{};
  Time updated{};  ///< When the store last noted something of it. Runs that find nothing new note nothing.

  /// Under which its file is kept: the name and the path, both readable as far as a key allows. A path that is too long
  /// for a key, or no text, ends with a hash.
  std::string key_of(std::string_view path_in_root) const;
};

/// A number for each passage of a file, from 1.
std::string passage_key(std::string_view file_key, std::size_t number);
std::string file_node(std::string_view file_key);
std::string passage_node(std::string_view passage_key);

std::vector<IngestRoot> known_roots(Store& store);
void save_root(Store& store, const IngestRoot& root, const CommitOptions& options);
/// `conflict` when somebody has taken the root out of the store.
void check_root(Transaction& transaction, const IngestRoot& root);
/// Takes the root's record away unless files of it are there still; returns whether it is gone.
bool erase_root(Store& store, const IngestRoot& root, const CommitOptions& options);

/// A root, and what the store has of it.
struct RootDescription {
  IngestRoot root{};
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};
std::vector<RootDescription> describe_roots(Store& store);

/// The root at this path, which need not exist any more; where there are several, that of the name. `not_found` lists
/// the known ones, `invalid_argument` asks for the name.
IngestRoot root_at(const std::vector<IngestRoot>& known, const std::string& path,
                   const std::optional<std::string>& name);

/// What a run works on: a root, and the part of it that was named.
struct RootChoice {
  IngestRoot root{};
  std::string below{};  ///< Path within the root; empty: all of it.
  bool is_new = false;
};

/// The roots for these paths. One that lies within a known root means that part of it. `not_found`, `already_exists`
/// when the name is another root's, `invalid_argument`.
std::vector<RootChoice> choose_roots(const std::vector<IngestRoot>& known, const std::vector<std::string>& paths,
                                     const std::optional<std::string>& name);

/// Tells two sets of paths (and contents) apart. For accidents, not against forgers.
class TreeFingerprint {
 public:
  void add(std::string_view text);
  std::string to_string() const;

 private:
  // FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/, twice, from different starts.
  std::uint64_t first_ = 0xcbf29ce484222325;
  std::uint64_t second_ = 0x84222325cbf29ce4;
};

}  // namespace strata::ingest
