// To which files of a tree its references lead.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ingest/references.hpp"

namespace strata::ingest {

struct ReferenceTarget {
  std::string type{};  ///< Of the edge: `links`, `includes`, `imports`.
  /// A path of the tree; or, where it leads to none, a name such as `module:numpy`, `include:vector`,
  /// `missing:docs/old.md`.
  std::string name{};
  bool is_file = false;
  std::size_t line = 1;
};

/// The paths of a tree, arranged for looking up what a reference means. The answers depend on the paths (and the
/// modules of Go) alone, not on the order in which files are seen. Immutable; for any thread.
class ReferenceTargets {
 public:
  /// `go_modules`: by the path of each go.mod, what it contains.
  ReferenceTargets(std::vector<std::string> paths, const std::map<std::string, std::string>& go_modules);

  /// Each target of a file's references once, by type and name; the line is that of the first. Links to the outside
  /// world, and the file itself, are left out.
  std::vector<ReferenceTarget> find(std::string_view path, Language language,
                                    const std::vector<FileReference>& references) const;

 private:
  using Answer = std::vector<std::string>;  // paths
  struct Found {
    Answer paths;
    std::string name;  // when there are none; empty: nothing to tell
  };

  bool has(const std::string& path) const { return paths_.contains(path); }
  Found link(std::string_view path, std::string_view target) const;
  Found include(std::string_view path, const FileReference& reference) const;
  Found python(std::string_view path, const FileReference& reference) const;
  Answer python_module(std::string_view folder, std::string module) const;
  Answer python_absolute(std::string_view path, const std::string& module) const;
  Found script(std::string_view path, std::string_view target) const;
  Found rust(std::string_view path, const FileReference& reference) const;
  Found go(std::string_view target) const;
  Found java(std::string_view target) const;
  /// Paths that end with `/suffix`, or are it.
  Answer ending_with(std::string_view suffix) const;
  const std::vector<std::string>* files_in(const std::string& folder) const;

  std::unordered_set<std::string> paths_;
  std::unordered_map<std::string, std::vector<std::string>> by_name_;    ///< Last parts of paths.
  std::unordered_map<std::string, std::vector<std::string>> by_folder_;  ///< Paths, sorted, of the files in a folder.
  std::map<std::string, std::string, std::less<>> go_modules_;           ///< Module path: folder.
};

}  // namespace strata::ingest
