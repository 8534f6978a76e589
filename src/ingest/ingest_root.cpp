#include "ingest/ingest_root.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iomanip>
#include <map>
#include <sstream>

#include "ingest/passages.hpp"
#include "ingest/system.hpp"
#include "strata/error.hpp"

namespace strata::ingest {
namespace {

constexpr std::string_view root_prefix = "root ";
// Room for `#` and the number of a passage.
constexpr std::size_t file_key_bytes_max = user_key_bytes_max - 8;
constexpr std::size_t hash_digits = 16;
constexpr std::size_t name_bytes_max = 60;

std::string hex(std::uint64_t number) {
  std::ostringstream out;
  out << std::hex << std::setw(hash_digits) << std::setfill('0') << number;
  return out.str();
}

std::string real_path(const std::string& path) {
  std::error_code failure;
  const std::filesystem::path real = std::filesystem::canonical(path, failure);
  if (failure == std::errc::no_such_file_or_directory || failure == std::errc::not_a_directory) {
    throw Error(ErrorCode::not_found, "no file or folder " + path);
  }
  if (failure) throw Error(ErrorCode::io, "cannot look at " + path + ": " + failure.message());
  return real.string();
}

bool lies_within(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) &&
         (folder.ends_with('/') || path.size() == folder.size() || path[folder.size()] == '/');
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

std::string proper_name(std::string_view text) {
  std::string name = valid_text(text);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return is_control(c) || c == '/'; }, '_');
  if (name.size() > name_bytes_max) {
    std::size_t end = name_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
    name.resize(end);
  }
  return name;
}

std::string hex_bytes(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += digits[static_cast<unsigned char>(byte) >> 4];
    text += digits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

std::string bytes_of_hex(std::string_view text) {
  const auto digit = [](char c) { return c >= 'a' ? c - 'a' + 10 : c - '0'; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes += static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
  return bytes;
}

std::string record_key(const IngestRoot& root) { return std::string(root_prefix) + root.name; }

/// As roots at this path may have been noted: with links followed, as far as they are there, and without.
std::array<std::string, 2> noted_paths(const std::string& path) {
  const auto noted = [](const std::filesystem::path& real) {
    std::string text = real.lexically_normal().string();
    while (text.size() > 1 && text.ends_with('/')) text.pop_back();
    return text;
  };
  std::error_code failure;
  const std::filesystem::path absolute = std::filesystem::absolute(path, failure);
  if (failure) return {path, path};
  const std::filesystem::path followed = std::filesystem::weakly_canonical(absolute, failure);
  return {noted(failure ? absolute : followed), noted(absolute)};
}

std::string listed(const std::vector<IngestRoot>& roots) {
  constexpr std::size_t listed_max = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(roots.size(), listed_max); ++i) {
    text += (i == 0 ? "" : ", ") + roots[i].path;
    if (!roots[i].name.empty()) text += " (" + roots[i].name + ")";
  }
  if (roots.size() > listed_max) text += " and " + std::to_string(roots.size() - listed_max) + " more (--list)";
  return text;
}

}  // namespace

void TreeFingerprint::add(std::string_view text) {
  constexpr std::uint64_t prime = 0x100000001b3;
  const auto step = [](std::uint64_t& hash, unsigned char byte) { hash = (hash ^ byte) * prime; };
  for (const char c : text) {
    step(first_, static_cast<unsigned char>(c));
    step(second_, static_cast<unsigned char>(~c));
  }
  step(first_, 0);
  step(second_, 1);
}

std::string TreeFingerprint::to_string() const { return hex(first_) + hex(second_); }

std::string IngestRoot::key_of(std::string_view path_in_root) const {
  std::string whole = is_file        ? name
                      : name.empty() ? std::string(path_in_root)
                                     : name + "/" + std::string(path_in_root);
  std::string key = valid_text(whole);
  const bool odd = key != whole || std::any_of(key.begin(), key.end(), is_control);
  if (!odd && key.size() <= file_key_bytes_max) return key;
  std::replace_if(key.begin(), key.end(), is_control, '?');
  std::size_t end = std::min(key.size(), file_key_bytes_max - hash_digits - 1);
  while (end > 0 && end < key.size() && (static_cast<unsigned char>(key[end]) & 0xC0) == 0x80) --end;
  TreeFingerprint hash;
  hash.add(whole);
  return key.substr(0, end) + "~" + hash.to_string().substr(0, hash_digits);
}

std::string passage_key(std::string_view file_key, std::size_t number) {
  const std::string digits = std::to_string(number);
  return std::string(file_key) + "#" + std::string(digits.size() < 4 ? 4 - digits.size() : 0, '0') + digits;
}
std::string file_node(std::string_view file_key) { return std::string(files_collection) + "/" + std::string(file_key); }
std::string passage_node(std::string_view passage_key) {
  return std::string(passages_collection) + "/" + std::string(passage_key);
}

std::vector<IngestRoot> known_roots(Store& store) {
  std::vector<IngestRoot> roots;
  Collection collection = store.collection(roots_collection);
  if (!collection.exists()) return roots;
  for (const Record& record : collection.find().records) {
    if (!record.key.starts_with(root_prefix)) continue;
    IngestRoot root;
    root.name = record.key.substr(root_prefix.size());
    const std::string_view bytes = record.value["path_bytes"].string_or("");
    root.path = bytes.empty() ? std::string(record.value["path"].string_or("")) : bytes_of_hex(bytes);
    root.is_file = record.value["is_file"].bool_or(false);
    root.tree = record.value["tree"].string_or("");
    root.updated = record.updated;
    roots.push_back(std::move(root));
  }
  return roots;
}

void save_root(Store& store, const IngestRoot& root, const CommitOptions& options) {
  std::vector<std::pair<std::string, Value>> members{
      {"path", Value(valid_text(root.path))}, {"is_file", Value(root.is_file)}, {"tree", Value(root.tree)}};
  // A path that is no text is kept besides as it is, or it would be another one when it is read again.
  if (valid_text(root.path) != root.path) members.emplace_back("path_bytes", Value(hex_bytes(root.path)));
  const Value value = Value::object(members);
  store.transact(
      [&](Transaction& transaction) { transaction.collection(roots_collection).put(record_key(root), value); },
      options);
}

void check_root(Transaction& transaction, const IngestRoot& root) {
  if (transaction.collection(roots_collection).get(record_key(root))) return;
  throw Error(ErrorCode::conflict, "the root " + root.path + " was taken out of the store meanwhile (--forget)");
}

bool erase_root(Store& store, const IngestRoot& root, const CommitOptions& options) {
  bool gone = false;
  Query its_files;
  its_files.where = "root = :root";
  its_files.parameters.emplace("root", Value(root.name));
  its_files.limit = 1;
  store.transact(
      [&](Transaction& transaction) {
        const Collection files = transaction.collection(files_collection);
        gone = !files.exists() || files.find(its_files).records.empty();
        if (gone) transaction.collection(roots_collection).erase(record_key(root));
      },
      options);
  return gone;
}

std::vector<RootDescription> describe_roots(Store& store) {
  std::map<std::string, RootDescription, std::less<>> described;
  for (IngestRoot& root : known_roots(store)) {
    std::string name = root.name;
    described.emplace(std::move(name), RootDescription{std::move(root)});
  }
  const Collection files = store.collection(files_collection);
  if (files.exists()) {
    Query query;
    query.fields = {"root", "size"};
    files.scan(query, [&](const Record& record) {
      const auto found = described.find(record.value["root"].string_or(""));
      if (found == described.end() || record.value["root"].is_missing()) return true;
      ++found->second.files;
      found->second.bytes += static_cast<std::uint64_t>(record.value["size"].int_or(0));
      return true;
    });
  }
  std::vector<RootDescription> roots;
  for (auto& [name, root] : described) roots.push_back(std::move(root));
  return roots;
}

IngestRoot root_at(const std::vector<IngestRoot>& known, const std::string& path,
                   const std::optional<std::string>& name) {
  const std::array<std::string, 2> written = noted_paths(path);
  std::vector<const IngestRoot*> there;
  for (const IngestRoot& root : known) {
    const bool same = std::find(written.begin(), written.end(), root.path) != written.end();
    if (same && (!name || root.name == *name)) there.push_back(&root);
  }
  if (there.size() == 1) return *there.front();
  if (there.empty()) {
    const std::string called = path + (name ? " of the name `" + *name + "`" : "");
    throw Error(ErrorCode::not_found, known.empty()
                                          ? "no root " + called + ": nothing was ingested into this store"
                                          : "no root " + called + ": those of this store are " + listed(known));
  }
  std::string choice;
  for (const IngestRoot* root : there) choice += (choice.empty() ? "'" : ", '") + root->name + "'";
  throw Error(ErrorCode::invalid_argument, std::to_string(there.size()) + " roots lie at " + there.front()->path +
                                               ": say which name is meant (--name): " + choice);
}

std::vector<RootChoice> choose_roots(const std::vector<IngestRoot>& known, const std::vector<std::string>& paths,
                                     const std::optional<std::string>& name) {
  if (name && paths.size() != 1)
    throw Error(ErrorCode::invalid_argument, "a name is for one path: give one, or no name");
  if (name && (name->empty() || proper_name(*name) != *name)) {
    throw Error(ErrorCode::invalid_argument,
                "the name `" + *name + "` cannot begin keys: 1 to 60 bytes without slashes");
  }
  std::vector<IngestRoot> roots = known;
  std::vector<RootChoice> choices;
  for (const std::string& given : paths) {
    const std::string path = real_path(given);
    const auto outer = std::find_if(roots.begin(), roots.end(), [&](const IngestRoot& root) {
      return lies_within(path, root.path) && (!name || root.name == *name);
    });
    if (outer != roots.end()) {
      const std::string below = path.size() == outer->path.size()
                                    ? ""
                                    : path.substr(outer->path.size() + (outer->path.ends_with('/') ? 0 : 1));
      choices.push_back({*outer, below, false});
      continue;
    }
    RootChoice choice{{}, {}, true};
    choice.root.path = path;
    const auto status = file_status(path);
    choice.root.is_file = status && status->kind == FileKind::regular;
    const auto taken = [&](const std::string& candidate) {
      return std::find_if(roots.begin(), roots.end(), [&](const IngestRoot& root) { return root.name == candidate; });
    };
    std::string wanted = name.value_or(proper_name(path.substr(path.rfind('/') + 1)));
    if (wanted.empty()) wanted = "root";
    if (name) {
      // A folder that has moved keeps its name, and with it its keys.
      if (const auto other = taken(wanted); other != roots.end() && file_status(other->path)) {
        throw Error(ErrorCode::already_exists,
                    "the name " + wanted + " is that of " + other->path + ": choose another (--name)");
      }
      choice.root.name = wanted;
    } else if (roots.empty() && paths.size() == 1 && !choice.root.is_file) {
      choice.root.name = "";
    } else {
      choice.root.name = wanted;
      for (int number = 2; taken(choice.root.name) != roots.end(); ++number) {
        choice.root.name = wanted + "-" + std::to_string(number);
      }
    }
    roots.push_back(choice.root);
    choices.push_back(std::move(choice));
  }
  return choices;
}

}  // namespace strata::ingest
