#include "cli/dump_tree.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "strata/error.hpp"
#include "strata/value.hpp"

namespace strata::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t name_bytes_max = 200;
constexpr const char* record_suffix = ".json";
// Not a name that file_name gives, so no record and no collection can take it.
constexpr const char* collection_file = "+collection.json";
constexpr const char* header_file = "dump.json";
constexpr const char* end_file = "end.json";
constexpr std::string_view events_collection = ".events";

/// FNV-1a of 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/).
std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

void write_file(const fs::path& path, const Value& value) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << value.view().to_pretty_json() << '\n';
  file.close();
  if (!file)
    throw Error(ErrorCode::io, "cannot write " + path.string() + ": is the disk full, or the directory not yours?");
}

std::string read_line(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.good() && !file.eof())
    throw Error(ErrorCode::io, "cannot read " + path.string() + ": is it yours to read?");
  try {
    return Value::from_json(text).to_json();
  } catch (const Error& error) {
    throw Error(ErrorCode::invalid_argument, path.string() + ": " + error.what());
  }
}

/// Events are loaded in their common order: their numbers come first in the names of their files. Empty for others.
std::string place_in_order(const Value& line) {
  if (line["collection"].as_string() != events_collection) return {};
  std::array<char, 24> number{};
  std::snprintf(number.data(), number.size(), "%020llu+",
                static_cast<unsigned long long>(line["value"]["n"].int_or(0)));
  return number.data();
}

}  // namespace

std::string file_name(std::string_view key) {
  std::string name;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const auto c = static_cast<unsigned char>(key[i]);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || c == '_' || c == '-' || (c == '.' && i != 0)) {
      name += key[i];
    } else {
      std::array<char, 4> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "%%%02X", c);
      name += escaped.data();
    }
  }
  if (name.size() <= name_bytes_max) return name;
  std::array<char, 20> hash{};
  std::snprintf(hash.data(), hash.size(), "+%016llx", static_cast<unsigned long long>(fnv1a(key)));
  return name.substr(0, name_bytes_max) + hash.data();
}

DumpTreeWriter::DumpTreeWriter(fs::path directory) : directory_(std::move(directory)) {
  fs::create_directories(directory_);
  if (!fs::is_empty(directory_)) {
    throw Error(ErrorCode::already_exists, directory_.string() + " is not empty: dump into a new directory");
  }
}

void DumpTreeWriter::write(std::string_view line) {
  const Value value = Value::from_json(line);
  if (!value["collection"].is_missing()) {
    const fs::path collection = directory_ / file_name(value["collection"].as_string());
    if (value["key"].is_missing()) {
      fs::create_directory(collection);
      write_file(collection / collection_file, value);
    } else {
      write_file(collection / (place_in_order(value) + file_name(value["key"].as_string()) + record_suffix), value);
    }
  } else {
    write_file(directory_ / (value["end"].is_missing() ? header_file : end_file), value);
  }
}

DumpTreeReader::DumpTreeReader(fs::path directory) : directory_(std::move(directory)) {
  if (!fs::exists(directory_ / header_file) || !fs::exists(directory_ / end_file)) {
    throw Error(ErrorCode::invalid_argument, directory_.string() + " holds no whole dump (" + header_file + " and " +
                                                 end_file + "): make one with `strata dump --tree`");
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_)) {
    if (entry.is_directory()) collections_.push_back(entry.path());
  }
  std::sort(collections_.begin(), collections_.end(), std::greater<>());
}

bool DumpTreeReader::next(std::string& line) {
  for (;;) {
    switch (step_) {
      case Step::header:
        step_ = Step::collection;
        line = read_line(directory_ / header_file);
        return true;
      case Step::collection:
        if (collections_.empty()) {
          step_ = Step::end;
          break;
        }
        collection_ = collections_.back();
        collections_.pop_back();
        records_.clear();
        for (const fs::directory_entry& entry : fs::directory_iterator(collection_)) records_.push_back(entry.path());
        std::sort(records_.begin(), records_.end(), std::greater<>());
        step_ = Step::records;
        line = read_line(collection_ / collection_file);
        return true;
      case Step::records:
        if (records_.empty()) {
          step_ = Step::collection;
          break;
        }
        {
          const fs::path path = records_.back();
          records_.pop_back();
          if (path.filename() == collection_file || path.extension() != record_suffix) break;
          line = read_line(path);
        }
        return true;
      case Step::end:
        step_ = Step::done;
        line = read_line(directory_ / end_file);
        return true;
      case Step::done:
        return false;
    }
  }
}

}  // namespace strata::cli
