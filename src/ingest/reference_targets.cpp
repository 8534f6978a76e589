#include "ingest/reference_targets.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace strata::ingest {
namespace {

constexpr std::size_t package_files_max = 64;  // beyond it an import leads to the package's name, not to its files

std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}
std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }
std::string join(std::string_view folder, std::string_view name) {
  return folder.empty() ? std::string(name) : std::string(folder) + "/" + std::string(name);
}

/// Without `.`, `..` and double slashes. Nothing when it leads out of the tree.
std::optional<std::string> resolved(std::string_view folder, std::string_view target) {
  std::vector<std::string_view> parts;
  for (std::string_view rest : {folder, target}) {
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('/'), rest.size());
      const std::string_view part = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (part.empty() || part == ".") continue;
      if (part != "..") {
        parts.push_back(part);
      } else if (parts.empty()) {
        return std::nullopt;
      } else {
        parts.pop_back();
      }
    }
  }
  std::string path;
  for (const std::string_view part : parts) path += (path.empty() ? "" : "/") + std::string(part);
  return path;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// `https:`, `mailto:`, and `//host`.
bool leads_outside(std::string_view target) {
  if (target.starts_with("//")) return true;
  const std::size_t colon = target.find(':');
  if (colon == std::string_view::npos || colon < 2) return false;
  return std::all_of(target.begin(), target.begin() + static_cast<std::ptrdiff_t>(colon),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.'; });
}

std::string first_parts(std::string_view path, char separator, std::size_t count) {
  std::size_t end = 0;
  while (count-- > 0 && end != std::string_view::npos) end = path.find(separator, end + (end == 0 ? 0 : 1));
  return std::string(path.substr(0, end));
}

std::string replaced(std::string_view text, std::string_view from, char to) {
  std::string out;
  while (!text.empty()) {
    const std::size_t at = std::min(text.find(from), text.size());
    out += text.substr(0, at);
    if (at == text.size()) break;
    out += to;
    text.remove_prefix(at + from.size());
  }
  return out;
}

std::string module_of_go(std::string_view content) {
  while (!content.empty()) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    std::string_view line = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    if (!line.starts_with("module ")) continue;
    line.remove_prefix(7);
    line = line.substr(0, line.find("//"));
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) line.remove_suffix(1);
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.front())) != 0) line.remove_prefix(1);
    if (line.size() > 2 && line.front() == '"') line = line.substr(1, line.size() - 2);
    return std::string(line);
  }
  return {};
}

}  // namespace

ReferenceTargets::ReferenceTargets(std::vector<std::string> paths,
                                   const std::map<std::string, std::string>& go_modules) {
  std::sort(paths.begin(), paths.end());
  for (std::string& path : paths) {
    by_name_[std::string(name_of(path))].push_back(path);
    by_folder_[std::string(folder_of(path))].push_back(path);
    paths_.insert(std::move(path));
  }
  for (const auto& [path, content] : go_modules) {
    const std::string module = module_of_go(content);
    if (!module.empty()) go_modules_.emplace(module, folder_of(path));
  }
}

const std::vector<std::string>* ReferenceTargets::files_in(const std::string& folder) const {
  const auto found = by_folder_.find(folder);
  return found == by_folder_.end() ? nullptr : &found->second;
}

ReferenceTargets::Answer ReferenceTargets::ending_with(std::string_view suffix) const {
  const auto named = by_name_.find(std::string(name_of(suffix)));
  if (named == by_name_.end()) return {};
  Answer answer;
  for (const std::string& path : named->second) {
    const bool ends = std::string_view(path).ends_with(suffix);
    if (ends && (path.size() == suffix.size() || path[path.size() - suffix.size() - 1] == '/')) answer.push_back(path);
  }
  return answer;
}

std::vector<ReferenceTarget> ReferenceTargets::find(std::string_view path, Language language,
                                                    const std::vector<FileReference>& references) const {
  std::map<std::pair<std::string, std::string>, ReferenceTarget> targets;
  for (const FileReference& reference : references) {
    std::string type = "imports";
    Found found;
    if (reference.kind == FileReferenceKind::link) {
      type = "links";
      found = link(path, reference.target);
    } else if (reference.kind == FileReferenceKind::include || reference.kind == FileReferenceKind::include_system) {
      type = "includes";
      found = include(path, reference);
    } else if (language == Language::python) {
      found = python(path, reference);
    } else if (language == Language::rust) {
      found = rust(path, reference);
    } else if (language == Language::go) {
      found = go(reference.target);
    } else if (language == Language::java) {
      found = java(reference.target);
    } else {
      found = script(path, reference.target);
    }
    for (const std::string& file : found.paths) {
      if (file != path) targets.try_emplace({type, file}, ReferenceTarget{type, file, true, reference.line});
    }
    if (found.paths.empty() && !found.name.empty()) {
      targets.try_emplace({type, found.name}, ReferenceTarget{type, found.name, false, reference.line});
    }
  }
  std::vector<ReferenceTarget> result;
  result.reserve(targets.size());
  for (auto& entry : targets) result.push_back(std::move(entry.second));
  return result;
}

ReferenceTargets::Found ReferenceTargets::link(std::string_view path, std::string_view target) const {
  if (leads_outside(target)) return {};
  target = target.substr(0, target.find_first_of("#?"));
  if (target.empty()) return {};
  const std::string decoded = percent_decoded(target);
  const bool from_root = decoded.starts_with('/');
  const auto place = resolved(from_root ? std::string_view() : folder_of(path), decoded);
  if (!place) return {{}, "missing:" + decoded};
  if (has(*place)) return {{*place}, {}};
  for (const std::string_view index : {"README.md", "index.md", "readme.md"}) {
    if (has(join(*place, index))) return {{join(*place, index)}, {}};
  }
  if (has(*place + ".md")) return {{*place + ".md"}, {}};
  if (place->empty() || files_in(*place) != nullptr) return {};  // a folder
  return {{}, "missing:" + *place};
}

ReferenceTargets::Found ReferenceTargets::include(std::string_view path, const FileReference& reference) const {
  const bool quoted = reference.kind == FileReferenceKind::include;
  if (quoted) {
    const auto place = resolved(folder_of(path), reference.target);
    if (place && has(*place)) return {{*place}, {}};
  }
  // As seen from a folder that the compiler is told of: any, for quotes; one that is called so, for angles.
  const auto suffix = resolved("", reference.target);
  Answer candidates = suffix ? ending_with(*suffix) : Answer();
  if (!quoted) {
    std::erase_if(candidates, [&](const std::string& candidate) {
      const std::string_view root = folder_of(std::string_view(candidate).substr(0, candidate.size() - suffix->size()));
      const std::string_view name = name_of(root);
      return !root.empty() && name != "include" && name != "inc" && name != "src";
    });
  }
  if (candidates.size() > 1) {
    // The one that shares the longest way with the file, if there is one.
    const auto shared = [&](const std::string& candidate) {
      const std::size_t length = static_cast<std::size_t>(
          std::mismatch(candidate.begin(), candidate.end(), path.begin(), path.end()).first - candidate.begin());
      return std::count(candidate.begin(), candidate.begin() + static_cast<std::ptrdiff_t>(length), '/');
    };
    std::stable_sort(candidates.begin(), candidates.end(),
                     [&](const std::string& a, const std::string& b) { return shared(a) > shared(b); });
    if (shared(candidates[0]) > shared(candidates[1])) candidates.resize(1);
  }
  if (candidates.size() == 1) return {std::move(candidates), {}};
  return {{}, "include:" + reference.target};
}

ReferenceTargets::Answer ReferenceTargets::python_module(std::string_view folder, std::string module) const {
  std::replace(module.begin(), module.end(), '.', '/');
  const std::string place = join(folder, module);
  for (const std::string& candidate : {place + ".py", place + ".pyi", place + "/__init__.py"}) {
    if (has(candidate)) return {candidate};
  }
  return {};
}

ReferenceTargets::Answer ReferenceTargets::python_absolute(std::string_view path, const std::string& module) const {
  // A folder that is a package itself is no place to import from.
  for (std::string_view folder = folder_of(path);; folder = folder_of(folder)) {
    if (!has(join(folder, "__init__.py"))) {
      if (Answer answer = python_module(folder, module); !answer.empty()) return answer;
    }
    if (folder.empty()) break;
  }
  Answer candidates;
  const std::string place = replaced(module, ".", '/');
  for (const std::string& suffix : {place + ".py", place + "/__init__.py"}) {
    for (const std::string& candidate : ending_with(suffix)) {
      const std::string_view root = folder_of(std::string_view(candidate).substr(0, candidate.size() - suffix.size()));
      if (!has(join(root, "__init__.py"))) candidates.push_back(candidate);
    }
  }
  return candidates.size() == 1 ? candidates : Answer();
}

ReferenceTargets::Found ReferenceTargets::python(std::string_view path, const FileReference& reference) const {
  std::string module = reference.target;
  const std::size_t dots = std::min(module.find_first_not_of('.'), module.size());
  const bool member = reference.kind == FileReferenceKind::import_member;
  const auto look_up = [&](const std::string& name) -> Answer {
    if (dots == 0) return python_absolute(path, name);
    std::string_view folder = folder_of(path);
    for (std::size_t i = 1; i < dots; ++i) folder = folder_of(folder);
    if (!name.empty()) return python_module(folder, name);
    const std::string package = join(folder, "__init__.py");
    return has(package) ? Answer{package} : Answer();
  };
  module.erase(0, dots);
  Answer answer = look_up(module);
  if (answer.empty() && member) {
    const std::size_t dot = module.rfind('.');
    answer = look_up(dot == std::string::npos ? std::string() : module.substr(0, dot));
  }
  // A submodule brings its package with it only by name: `import a.b` leads to `a/b.py`.
  if (!answer.empty()) return {answer, {}};
  if (dots > 0) return {{}, "missing:" + reference.target};
  return {{}, "module:" + first_parts(module, '.', 1)};
}

ReferenceTargets::Found ReferenceTargets::script(std::string_view path, std::string_view target) const {
  target = target.substr(0, target.find('?'));
  if (target.empty()) return {};
  if (!target.starts_with('.') && !target.starts_with('/')) {
    if (leads_outside(target) && !target.starts_with("node:")) return {};
    if (target.starts_with("node:")) target.remove_prefix(5);
    return {{}, "module:" + first_parts(target, '/', target.starts_with('@') ? 2 : 1)};
  }
  const auto place = resolved(target.starts_with('/') ? std::string_view() : folder_of(path), target);
  if (!place) return {{}, "missing:" + std::string(target)};
  if (has(*place)) return {{*place}, {}};
  static constexpr std::array<std::string_view, 10> endings{".ts",  ".tsx", ".d.ts", ".js",  ".jsx",
                                                            ".mjs", ".cjs", ".json", ".vue", ".svelte"};
  for (const std::string_view ending : endings) {
    if (has(*place + std::string(ending))) return {{*place + std::string(ending)}, {}};
  }
  // TypeScript names the script that a source will become.
  struct Compiled {
    std::string_view from;
    std::string_view to;
  };
  static constexpr std::array<Compiled, 5> compiled{
      {{".js", ".ts"}, {".js", ".tsx"}, {".jsx", ".tsx"}, {".mjs", ".mts"}, {".cjs", ".cts"}}};
  for (const Compiled& pair : compiled) {
    if (!place->ends_with(pair.from)) continue;
    const std::string source = place->substr(0, place->size() - pair.from.size()) + std::string(pair.to);
    if (has(source)) return {{source}, {}};
  }
  for (const std::string_view ending : endings) {
    const std::string index = join(*place, "index" + std::string(ending));
    if (has(index)) return {{index}, {}};
  }
  return {{}, "missing:" + *place};
}

ReferenceTargets::Found ReferenceTargets::rust(std::string_view path, const FileReference& reference) const {
  // Where the children of this file's module lie.
  const std::string_view folder = folder_of(path);
  const std::string_view name = name_of(path);
  const bool owns_folder = name == "mod.rs" || name == "lib.rs" || name == "main.rs";
  const std::string children = owns_folder ? std::string(folder) : join(folder, name.substr(0, name.rfind('.')));
  const auto module_file = [&](const std::string& place) -> Answer {
    for (const std::string& candidate : {place + ".rs", place + "/mod.rs"}) {
      if (has(candidate)) return {candidate};
    }
    return {};
  };
  if (reference.kind == FileReferenceKind::module) {
    Answer answer = module_file(join(children, reference.target));
    if (answer.empty()) answer = module_file(join(folder, reference.target));
    return {std::move(answer), "missing:" + join(children, reference.target)};
  }
  std::string rest = replaced(reference.target, "::", '/');
  while (rest.starts_with('/')) rest.erase(0, 1);
  std::string base = children;
  const std::string first = first_parts(rest, '/', 1);
  const auto drop_first = [&] { rest.erase(0, std::min(rest.find('/') + 1, rest.size())); };
  bool local = true;
  if (first == "crate") {
    std::string_view root = folder;
    while (!root.empty() && !has(join(root, "lib.rs")) && !has(join(root, "main.rs"))) root = folder_of(root);
    base = root;
    drop_first();
  } else if (first == "self" || first == "super") {
    if (first == "self") drop_first();
    while (first_parts(rest, '/', 1) == "super") {
      base = folder_of(base);
      drop_first();
    }
  } else {
    local = false;
  }
  for (std::string part = rest; !part.empty(); part = folder_of(part)) {
    if (Answer answer = module_file(join(base, part)); !answer.empty()) return {std::move(answer), {}};
  }
  if (local) {
    Answer answer;
    for (const std::string_view root : {"lib.rs", "main.rs", "mod.rs"}) {
      if (first == "crate" && answer.empty() && has(join(base, root))) answer = {join(base, root)};
    }
    return {std::move(answer), {}};
  }
  return {{}, first.empty() || first == "*" ? std::string() : "module:" + first};
}

ReferenceTargets::Found ReferenceTargets::go(std::string_view target) const {
  for (std::string prefix(target); !prefix.empty(); prefix = folder_of(prefix)) {
    const auto module = go_modules_.find(prefix);
    if (module == go_modules_.end()) continue;
    const std::string_view below = target.substr(std::min(prefix.size() + 1, target.size()));
    const auto* files = files_in(below.empty() ? module->second : join(module->second, below));
    if (files == nullptr) break;
    Answer answer;
    for (const std::string& file : *files) {
      if (file.ends_with(".go") && !file.ends_with("_test.go")) answer.push_back(file);
    }
    if (!answer.empty() && answer.size() <= package_files_max) return {std::move(answer), {}};
    break;
  }
  return {{}, "module:" + std::string(target)};
}

ReferenceTargets::Found ReferenceTargets::java(std::string_view target) const {
  const std::string place = replaced(target, ".", '/');
  if (place.ends_with("/*")) {
    // A package: all its files, when it lies in one folder.
    const std::string package = place.substr(0, place.size() - 2);
    const std::vector<std::string>* files = nullptr;
    std::size_t folders = 0;
    for (const auto& [folder, inside] : by_folder_) {
      const bool ends = folder == package || folder.ends_with("/" + package);
      const bool has_java = ends && std::any_of(inside.begin(), inside.end(),
                                                [](const std::string& file) { return file.ends_with(".java"); });
      if (!has_java) continue;
      files = &inside;
      ++folders;
    }
    if (folders == 1 && files->size() <= package_files_max) return {*files, {}};
    return {{}, "module:" + std::string(target.substr(0, target.size() - 2))};
  }
  // A class, or something within one.
  for (std::string part = place; part.find('/') != std::string::npos; part = folder_of(part)) {
    Answer answer = ending_with(part + ".java");
    if (answer.size() == 1) return {std::move(answer), {}};
    if (answer.size() > 1) break;
  }
  const std::size_t dot = target.rfind('.');
  return {{}, "module:" + std::string(target.substr(0, dot))};
}

}  // namespace strata::ingest
