#include "ingest/file_walk.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "ingest/path_pattern.hpp"
#include "ingest/system.hpp"
#include "strata/error.hpp"

namespace strata::ingest {
namespace {

constexpr std::size_t ignore_file_bytes_max = std::size_t{1} << 20;

std::string join(std::string_view folder, std::string_view name) {
  if (folder.empty()) return std::string(name);
  return std::string(folder) + (folder.ends_with('/') ? "" : "/") + std::string(name);
}

std::vector<PathPattern> parse_patterns(std::string_view text) {
  std::vector<PathPattern> patterns;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (auto pattern = PathPattern::parse(text.substr(0, end))) patterns.push_back(std::move(*pattern));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return patterns;
}

std::vector<PathPattern> read_patterns(const std::string& path) {
  try {
    const auto status = file_status(path);
    if (!status || status->kind != FileKind::regular) return {};
    return parse_patterns(InputFile(path).read(ignore_file_bytes_max));
  } catch (const Error&) {
    return {};  // git, too, goes on without an ignore file that it cannot read
  }
}

/// The rules of one folder, and of those above it. `base` is that folder, from where the walk's paths begin; for
/// folders above the root it is what the root is called from there, in `above`.
struct Rules {
  std::shared_ptr<const Rules> outer;
  std::size_t base_bytes = 0;  ///< Of a path, what lies before the part that the patterns look at.
  std::string above;           ///< What is to be put before a path, for rules above the root.
  std::vector<PathPattern> git;
  std::vector<PathPattern> own;  ///< Of `.ignore`, which stands above `.gitignore`.
};

std::optional<bool> decide(const std::vector<PathPattern>& patterns, std::string_view path, bool is_directory) {
  for (auto pattern = patterns.rbegin(); pattern != patterns.rend(); ++pattern) {
    if (pattern->matches(path, is_directory)) return !pattern->negated();
  }
  return std::nullopt;
}

bool is_ignored(const Rules* innermost, std::string_view path, bool is_directory) {
  for (const bool own : {true, false}) {
    for (const Rules* rules = innermost; rules != nullptr; rules = rules->outer.get()) {
      const std::vector<PathPattern>& patterns = own ? rules->own : rules->git;
      if (patterns.empty()) continue;
      const std::string whole = rules->above + std::string(path.substr(rules->base_bytes));
      if (const auto ignored = decide(patterns, whole, is_directory)) return *ignored;
    }
  }
  return false;
}

bool matches_any(const std::vector<PathPattern>& patterns, std::string_view path, bool is_directory) {
  return decide(patterns, path, is_directory).value_or(false);
}

std::vector<PathPattern> patterns_of(const std::vector<std::string>& globs) {
  std::vector<PathPattern> patterns;
  for (const std::string& glob : globs) {
    if (auto pattern = PathPattern::parse(glob)) patterns.push_back(std::move(*pattern));
  }
  return patterns;
}

class Walker {
 public:
  Walker(std::string root, const WalkOptions& options)
      : root_(std::move(root)),
        options_(options),
        include_(patterns_of(options.include)),
        exclude_(patterns_of(options.exclude)) {}

  Walk run() {
    const auto status = file_status(root_);
    if (!status) throw Error(ErrorCode::not_found, "no file or folder " + root_);
    if (status->kind == FileKind::regular) {
      walk_.files.push_back({root_.substr(root_.rfind('/') + 1), status->size, status->modified_ns});
      return std::move(walk_);
    }
    if (status->kind != FileKind::directory) {
      throw Error(ErrorCode::invalid_argument, root_ + " is neither a file nor a folder");
    }
    open_folders_.push_back({"", options_.ignore_files ? rules_above() : nullptr});
    while (!open_folders_.empty()) {
      const Folder folder = std::move(open_folders_.back());
      open_folders_.pop_back();
      enter(folder);
    }
    std::sort(walk_.files.begin(), walk_.files.end(),
              [](const WalkedFile& a, const WalkedFile& b) { return a.path < b.path; });
    std::sort(walk_.folders.begin(), walk_.folders.end());
    return std::move(walk_);
  }

 private:
  struct Folder {
    std::string path;
    std::shared_ptr<const Rules> rules;
  };

  /// The rules of the repository that the root lies in, from its top down to the folder above the root.
  std::shared_ptr<const Rules> rules_above() const {
    std::vector<std::string> folders;  // from the root upwards
    std::string folder = root_;
    bool found = false;
    for (;;) {
      folders.push_back(folder);
      std::error_code ignored;
      found = std::filesystem::exists(join(folder, ".git"), ignored);
      const std::size_t slash = folder.rfind('/');
      if (found || slash == std::string::npos || folder == "/") break;
      folder = slash == 0 ? "/" : folder.substr(0, slash);
    }
    if (!found) return nullptr;
    auto rules = std::make_shared<Rules>();
    rules->above = below(folder);
    rules->git = read_patterns(join(folder, ".git/info/exclude"));
    std::shared_ptr<const Rules> innermost = rules;
    for (auto above = folders.rbegin(); above + 1 < folders.rend(); ++above) {
      innermost = with_rules_of(*above, innermost, 0, below(*above));
    }
    return innermost;
  }

  /// What the paths of this walk are to be preceded by, seen from a folder above the root.
  std::string below(const std::string& folder) const {
    if (folder == root_) return "";
    return root_.substr(folder.size() + (folder.ends_with('/') ? 0 : 1)) + "/";
  }

  static std::shared_ptr<const Rules> with_rules_of(const std::string& folder,
                                                    const std::shared_ptr<const Rules>& outer, std::size_t base_bytes,
                                                    const std::string& above) {
    auto rules = std::make_shared<Rules>();
    rules->git = read_patterns(join(folder, ".gitignore"));
    rules->own = read_patterns(join(folder, ".ignore"));
    if (rules->git.empty() && rules->own.empty()) return outer;
    rules->outer = outer;
    rules->base_bytes = base_bytes;
    rules->above = above;
    return rules;
  }

  void enter(const Folder& folder) {
    const std::string place = join(root_, folder.path);
    std::vector<std::string> names;
    try {
      names = folder_names(place);
    } catch (const Error& error) {
      if (folder.path.empty()) throw;
      if (error.code() != ErrorCode::not_found) walk_.problems.push_back({folder.path, error.what(), true});
      return;
    }
    walk_.folders.push_back(folder.path);
    std::shared_ptr<const Rules> rules = folder.rules;
    if (options_.ignore_files) {
      rules = with_rules_of(place, rules, folder.path.empty() ? 0 : folder.path.size() + 1, "");
    }
    for (const std::string& name : names) look_at(join(folder.path, name), name, rules);
  }

  void look_at(const std::string& path, const std::string& name, const std::shared_ptr<const Rules>& rules) {
    if (name == ".git") return;
    if (!options_.hidden && name.starts_with('.')) {
      ++walk_.ignored;
      return;
    }
    std::optional<FileStatus> status;
    try {
      status = file_status(join(root_, path));
    } catch (const Error& error) {
      walk_.problems.push_back({path, error.what(), true});
      return;
    }
    if (!status) return;
    if (status->kind == FileKind::symbolic_link) {
      ++walk_.links;
      return;
    }
    const bool is_directory = status->kind == FileKind::directory;
    if (!is_directory && status->kind != FileKind::regular) {
      ++walk_.special;
      return;
    }
    if (is_ignored(rules.get(), path, is_directory) || matches_any(exclude_, path, is_directory) ||
        (!is_directory && !include_.empty() && !matches_any(include_, path, false))) {
      ++walk_.ignored;
      return;
    }
    if (!is_directory) {
      walk_.files.push_back({path, status->size, status->modified_ns});
    } else if (std::find(options_.leave_out.begin(), options_.leave_out.end(), join(root_, path)) ==
               options_.leave_out.end()) {
      open_folders_.push_back({path, rules});
    }
  }

  std::string root_;
  const WalkOptions& options_;
  std::vector<PathPattern> include_;
  std::vector<PathPattern> exclude_;
  std::vector<Folder> open_folders_;
  Walk walk_;
};

}  // namespace

Walk walk_files(const std::string& root, const WalkOptions& options) {
  std::error_code failure;
  const std::filesystem::path real = std::filesystem::canonical(root, failure);
  if (failure == std::errc::no_such_file_or_directory || failure == std::errc::not_a_directory) {
    throw Error(ErrorCode::not_found, "no file or folder " + root);
  }
  if (failure) throw Error(ErrorCode::io, "cannot look at " + root + ": " + failure.message());
  return Walker(real.string(), options).run();
}

}  // namespace strata::ingest
