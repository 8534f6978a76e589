// For tests: a tree of text to take in, and what a store then holds of it.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "ingest/folder_ingest.hpp"
#include "ingest/scratch_directory.hpp"
#include "strata/document.hpp"
#include "strata/graph.hpp"
#include "strata/search.hpp"

namespace strata::ingest {

/// Everything that ingest keeps, without versions and times of commits: one line for each thing.
inline std::string everything(Store& store) {
  std::string out;
  for (const std::string name : {"files", "passages", "_ingest"}) {
    Collection collection = store.collection(name);
    if (!collection.exists()) continue;
    for (const Record& record : collection.find().records) {
      out += name + "/" + record.key + " " + record.value.to_json() + "\n";
      if (name == "files") out += "  " + store.documents(name).get(record.key).value_or("no content") + "\n";
      if (name == "passages" && !collection.vectors().empty()) {
        out += collection.vector(record.key).has_value() ? "  vector\n" : "  no vector\n";
      }
    }
  }
  store.graph().scan([&](const Edge& edge) {
    out += edge.from + " -" + edge.type + "> " + edge.to + " " + edge.value.to_json() + "\n";
    return true;
  });
  out += std::to_string(store.documents("files").statistics().chunks) + " chunks\n";
  const VerifyReport verified = store.verify();
  for (const std::string& problem : verified.problems) out += "PROBLEM " + problem + "\n";
  return out;
}

/// A folder to take in.
class Tree {
 public:
  std::string path(const std::string& name = "") const { return scratch_.file(name); }
  void write(const std::string& name, std::string_view content) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    scratch_.write(name, content);
    age(name, 3600);
  }
  /// As if it had been written so many seconds ago.
  void age(const std::string& name, int seconds) const {
    std::filesystem::last_write_time(path(name),
                                     std::filesystem::file_time_type::clock::now() - std::chrono::seconds(seconds));
  }
  void remove(const std::string& name) const { std::filesystem::remove_all(path(name)); }
  void move(const std::string& from, const std::string& to) const {
    std::filesystem::create_directories(std::filesystem::path(path(to)).parent_path());
    std::filesystem::rename(path(from), path(to));
  }

 private:
  ScratchDirectory scratch_;
};

inline IngestOptions options_for(const Tree& tree) {
  IngestOptions options;
  options.paths = {tree.path()};
  options.symbols = false;
  options.jobs = 3;
  return options;
}

inline IngestReport ingest(Store& store, const Tree& tree) { return FolderIngest(store, options_for(tree)).run(); }

/// What an undisturbed run makes of the tree as it is.
inline std::string afresh(const Tree& tree) {
  Store store = Store::open("memory:");
  ingest(store, tree);
  return everything(store);
}

inline void fill(const Tree& tree) {
  tree.write("README.md", "# Project\nSee [the guide](docs/guide.md) and [it](docs/later.md).\n## Use\nRun.\n");
  tree.write("docs/guide.md", "# Guide\nBack to [the start](../README.md).\n");
  tree.write("src/main.cpp", "#include \"walk.hpp\"\n#include <vector>\nint main() { return walk(); }\n");
  tree.write("src/walk.hpp", "#include \"main.cpp\"\nint walk();\n");
  tree.write("src/logo.png", std::string_view("\x89PNG\0\0", 6));
}

}  // namespace strata::ingest
