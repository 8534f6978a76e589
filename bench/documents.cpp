// Documents: MB a second put and read, what is stored of each byte, and how long a small range of a large one takes.
// Source text and bytes without pattern; beside blobs in SQLite rows and plain files.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "bench/setting.hpp"
#include "platform/file.hpp"
#include "strata/store.hpp"

#ifdef STRATA_BENCH_SQLITE
#include "bench/sqlite_database.hpp"
#endif

namespace strata::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Contents = std::vector<std::pair<std::string, Bytes>>;

constexpr std::size_t batch_bytes = std::size_t{4} << 20;
constexpr std::size_t range_bytes = 4096;
constexpr std::size_t ranges_read = 2000;

/// Keeps documents somehow.
class Keeper {
 public:
  virtual ~Keeper() = default;
  /// Durable when it returns, except for files.
  virtual void put(const Contents& contents, std::size_t begin, std::size_t end) = 0;
  virtual Bytes get(const std::string& key) = 0;
  virtual Bytes range(const std::string& key, std::uint64_t offset, std::size_t length) = 0;
  /// Closes, and says how many bytes are on the disk.
  virtual std::uint64_t close() = 0;
};

class StrataKeeper final : public Keeper {
 public:
  StrataKeeper(const std::string& engine, std::string directory)
      : directory_(std::move(directory)), store_(Store::open(engine + ":" + directory_)) {}

  void put(const Contents& contents, std::size_t begin, std::size_t end) override {
    if (end - begin == 1) {
      store_.documents().put(contents[begin].first, contents[begin].second);
      return;
    }
    store_.transact([&](Transaction& transaction) {
      Documents documents = transaction.documents();
      for (std::size_t at = begin; at < end; ++at) documents.put(contents[at].first, contents[at].second);
    });
  }
  Bytes get(const std::string& key) override { return store_.documents().get(key).value(); }
  Bytes range(const std::string& key, std::uint64_t offset, std::size_t length) override {
    return store_.documents().reader(key).read(offset, length);
  }
  std::uint64_t close() override {
    store_.compact();
    store_.close();
    return platform::tree_bytes(directory_ + "/engine");
  }

 private:
  std::string directory_;
  Store store_;
};

class FileKeeper final : public Keeper {
 public:
  explicit FileKeeper(std::string directory) : directory_(std::move(directory)) {
    std::filesystem::create_directories(directory_);
  }
  void put(const Contents& contents, std::size_t begin, std::size_t end) override {
    for (std::size_t at = begin; at < end; ++at)
      std::ofstream(path(contents[at].first), std::ios::binary) << contents[at].second;
  }
  Bytes get(const std::string& key) override {
    return range(key, 0, static_cast<std::size_t>(std::filesystem::file_size(path(key))));
  }
  Bytes range(const std::string& key, std::uint64_t offset, std::size_t length) override {
    std::ifstream file(path(key), std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    Bytes out(length, '\0');
    file.read(out.data(), static_cast<std::streamsize>(length));
    out.resize(static_cast<std::size_t>(file.gcount()));
    return out;
  }
  std::uint64_t close() override { return platform::tree_bytes(directory_); }

 private:
  std::string path(const std::string& key) const { return directory_ + "/" + key; }
  std::string directory_;
};

#ifdef STRATA_BENCH_SQLITE
class RowKeeper final : public Keeper {
 public:
  explicit RowKeeper(std::string directory) : directory_(std::move(directory)) {
    std::filesystem::create_directories(directory_);
    database_ = std::make_unique<SqliteDatabase>(directory_ + "/documents.sqlite");
    database_->run("CREATE TABLE documents (key TEXT PRIMARY KEY, content BLOB)");
    insert_ = database_->prepare("REPLACE INTO documents (key, content) VALUES (?, ?)");
    select_ = database_->prepare("SELECT content FROM documents WHERE key = ?");
    part_ = database_->prepare("SELECT substr(content, ?, ?) FROM documents WHERE key = ?");
  }
  void put(const Contents& contents, std::size_t begin, std::size_t end) override {
    database_->run("BEGIN IMMEDIATE");
    for (std::size_t at = begin; at < end; ++at) {
      insert_.bind_text(1, contents[at].first);
      insert_.bind_blob(2, contents[at].second);
      insert_.run();
    }
    database_->run("COMMIT");
  }
  Bytes get(const std::string& key) override {
    select_.bind_text(1, key);
    select_.step();
    Bytes out(select_.column(0));
    select_.reset();
    return out;
  }
  Bytes range(const std::string& key, std::uint64_t offset, std::size_t length) override {
    part_.bind(1, static_cast<std::int64_t>(offset) + 1);
    part_.bind(2, static_cast<std::int64_t>(length));
    part_.bind_text(3, key);
    part_.step();
    Bytes out(part_.column(0));
    part_.reset();
    return out;
  }
  std::uint64_t close() override {
    insert_ = SqliteStatement();
    select_ = SqliteStatement();
    part_ = SqliteStatement();
    database_.reset();
    return platform::tree_bytes(directory_);
  }

 private:
  std::string directory_;
  std::unique_ptr<SqliteDatabase> database_;
  SqliteStatement insert_, select_, part_;
};
#endif

/// The project's own files, up to so many bytes.
Contents source_text(std::size_t bytes_wanted) {
  const std::filesystem::path root = std::filesystem::path(STRATA_BENCH_SOURCE).parent_path();
  Contents files;
  std::size_t bytes = 0;
  for (const char* folder : {"src", "include", "tests", "docs", "bench"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
      if (!entry.is_regular_file() || bytes >= bytes_wanted) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      Bytes text{std::istreambuf_iterator<char>(file), {}};
      bytes += text.size();
      files.emplace_back(std::to_string(files.size()), std::move(text));
    }
  }
  return files;
}

Contents noise(std::size_t documents, std::size_t bytes_each) {
  std::mt19937_64 random(1);
  Contents out;
  for (std::size_t i = 0; i < documents; ++i) {
    Bytes bytes(bytes_each, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() >> 32);
    out.emplace_back(std::to_string(i), std::move(bytes));
  }
  return out;
}

std::uint64_t bytes_of(const Contents& contents) {
  std::uint64_t bytes = 0;
  for (const auto& [unused, content] : contents) bytes += content.size();
  return bytes;
}

std::string megabytes_a_second(std::uint64_t bytes, Clock::time_point since) {
  const double seconds = std::chrono::duration<double>(Clock::now() - since).count();
  return decimal(static_cast<double>(bytes) / 1e6 / seconds, 1) + " MB/s";
}

void put_all(Keeper& keeper, const Contents& contents) {
  for (std::size_t begin = 0; begin < contents.size();) {
    std::size_t end = begin, bytes = 0;
    while (end < contents.size() && (end == begin || bytes + contents[end].second.size() <= batch_bytes))
      bytes += contents[end++].second.size();
    keeper.put(contents, begin, end);
    begin = end;
  }
}

Run read_ranges(Keeper& keeper, const Contents& contents) {
  std::mt19937_64 random(2);
  Run run;
  const auto start = Clock::now();
  for (std::size_t i = 0; i < ranges_read; ++i) {
    const auto& [key, content] = contents[random() % contents.size()];
    const std::uint64_t offset = content.size() <= range_bytes ? 0 : random() % (content.size() - range_bytes);
    const auto from = Clock::now();
    const Bytes part = keeper.range(key, offset, range_bytes);
    run.times.add(Clock::now() - from);
    if (part.substr(0, 16) != content.substr(offset, std::min<std::size_t>(16, part.size())))
      throw std::runtime_error("a range came back wrong");
  }
  run.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  run.operations = ranges_read;
  return run;
}

void measure(Setting& setting, const std::string& what, const std::string& who, const Contents& contents,
             std::unique_ptr<Keeper> keeper) {
  const std::uint64_t bytes = bytes_of(contents);
  const auto figure = [&](const std::string& work, std::string text) {
    setting.report.add(
        {.work = what + work, .who = who, .run = {}, .figure = std::move(text), .ratios = {}, .note = {}});
  };
  auto start = Clock::now();
  put_all(*keeper, contents);
  figure(", put", megabytes_a_second(bytes, start));
  start = Clock::now();
  for (const auto& [key, content] : contents) {
    if (keeper->get(key) != content) throw std::runtime_error("a document came back wrong");
  }
  figure(", read", megabytes_a_second(bytes, start));
  const Run ranges = read_ranges(*keeper, contents);
  setting.report.add(
      {.work = what + ", 4 KiB range", .who = who, .run = ranges, .figure = {}, .ratios = {}, .note = {}});
  const double share = static_cast<double>(keeper->close()) / static_cast<double>(bytes);
  figure(", bytes on disk for each", decimal(share, 3));
}

}  // namespace

void bench_documents(Setting& setting) {
  const std::size_t text_bytes = std::size_t{setting.soak ? 64U : 8U} << 20;
  const std::vector<std::pair<std::string, Contents>> works{
      {"source text", source_text(text_bytes)},
      {"bytes without pattern", noise(setting.soak ? 16 : 4, std::size_t{4} << 20)}};
  setting.report.section(
      "Documents: whole ones put (transactions of about 4 MiB, durable; files: not synced) and read, "
      "checked; ranges of 4 KiB (p50 and p99 of one); bytes on disk, compacted");
  for (const auto& [what, contents] : works) {
    const auto place = [&, &what = what](const std::string& who) {
      return setting.place("documents-" + what.substr(0, 5) + who);
    };
    for (const std::string& engine : strata_engines()) {
      if (setting.wants("strata " + engine))
        measure(setting, what, "strata " + engine, contents, std::make_unique<StrataKeeper>(engine, place(engine)));
    }
#ifdef STRATA_BENCH_SQLITE
    measure(setting, what, "sqlite, blobs", contents, std::make_unique<RowKeeper>(place("rows")));
#endif
    measure(setting, what, "files", contents, std::make_unique<FileKeeper>(place("files")));
  }
}

}  // namespace strata::bench
