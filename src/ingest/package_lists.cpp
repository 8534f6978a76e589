#include "ingest/package_lists.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace strata::ingest {
namespace {

bool is_package_list(std::string_view name) {
  for (const std::string_view ending : {".lz4", ".gz", ".zst"}) {
    if (name.ends_with(ending)) name.remove_suffix(ending.size());
  }
  return name.ends_with("_Packages");
}

}  // namespace

std::vector<std::string> package_lists(const std::string& directory) {
  namespace fs = std::filesystem;
  std::vector<std::string> lists;
  std::error_code absent;
  for (fs::directory_iterator entry(directory, absent), end; !absent && entry != end; entry.increment(absent)) {
    std::error_code unreadable;
    const std::uintmax_t bytes = fs::file_size(entry->path(), unreadable);
    if (!unreadable && bytes > 0 && is_package_list(entry->path().filename().string())) {
      lists.push_back(entry->path().string());
    }
  }
  std::sort(lists.begin(), lists.end());
  return lists;
}

}  // namespace strata::ingest
