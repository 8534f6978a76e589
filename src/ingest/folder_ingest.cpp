#include "ingest/folder_ingest.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "ingest/file_reading.hpp"
#include "ingest/ingest_root.hpp"
#include "ingest/ingested_file.hpp"
#include "ingest/symbols.hpp"
#include "ingest/system.hpp"
#include "strata/error.hpp"
#include "strata/search.hpp"

namespace strata::ingest {
namespace {

constexpr std::size_t notes_max = 100;
constexpr std::size_t jobs_max = 64;
constexpr std::size_t batch_files = 64;
constexpr std::uint64_t batch_bytes = std::uint64_t{4} << 20;
constexpr int tries_max = 4;
constexpr std::size_t go_module_bytes_max = std::size_t{1} << 20;
// A file that was written so shortly before it was read may have been written again within one tick of its clock.
constexpr std::int64_t racy_us = 2'000'000;

std::string join(const std::string& folder, const std::string& path) {
  return path.empty() ? folder : folder + (folder.ends_with('/') ? "" : "/") + path;
}

bool lies_below(std::string_view path, std::string_view folder) {
  return folder.empty() || path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

/// Errors that are about one file, not about the store.
bool is_about_the_file(ErrorCode code) {
  return code == ErrorCode::invalid_argument || code == ErrorCode::limit_exceeded || code == ErrorCode::already_exists;
}

/// The store takes nothing more, whatever the file: its error ends the run.
struct StoreFailure {
  Error error;
};

void declare(Store& store, const IngestOptions& options) {
  Collection passages = store.collection(passages_collection);
  if (passages.texts().empty()) passages.create_text({.fields = {"title", "text"}});
  if (options.lexical && passages.vectors().empty()) {
    VectorOptions vector;
    vector.field = "embedding";
    vector.dimension = 256;
    vector.type = ElementType::i8;
    vector.embedder = "lexical";
    vector.sources = {"title", "text"};
    passages.create_vector(vector);
  }
}

}  // namespace

/// One run over one root.
class FolderIngest::Run {
 public:
  Run(Store& store, const IngestOptions& options, RootChoice choice, bool has_symbols, IngestReport& report)
      : store_(store), options_(options), choice_(std::move(choice)), has_symbols_(has_symbols), report_(report) {
    recipe_ = "1/" + std::to_string(options_.passage_bytes_max) + (has_symbols_ ? "/symbols" : "");
    commit_.durability = options_.durability.value_or(Durability::relaxed);
  }

  void operator()() {
    walk();
    load_stored();
    resolve_tree();
    if (tree_changed_ || choice_.is_new) save_unfinished();
    work();
    if (failure_) std::rethrow_exception(failure_);
    if (report_.cancelled || options_.dry_run) return;
    if (choice_.root.tree != tree_ || choice_.is_new || wrote_) {
      choice_.root.tree = tree_;
      save_root(store_, choice_.root, last_commit());
    }
  }

  /// As a run over a tree in which nothing is left; at its end the root is gone, too.
  void forget() {
    forgetting_ = true;
    for (int attempt = 1; attempt <= tries_max; ++attempt) {
      load_stored();
      if (!choice_.root.tree.empty()) save_unfinished();
      work();
      if (failure_) std::rethrow_exception(failure_);
      if (report_.cancelled || options_.dry_run || erase_root(store_, choice_.root, last_commit())) return;
      stored_.clear();
      items_.clear();
      next_ = done_ = 0;
    }
    throw Error(ErrorCode::busy,
                "another process takes in files of " + choice_.root.path + ": stop it, and run the same command again");
  }

  std::vector<std::string> folders() const {
    std::vector<std::string> folders;
    for (const std::string& folder : walk_.folders) folders.push_back(join(choice_.root.path, folder));
    if (choice_.root.is_file) folders.push_back(choice_.root.path.substr(0, choice_.root.path.rfind('/') + 1));
    return folders;
  }

 private:
  struct Item {
    const WalkedFile* file = nullptr;  ///< Null: the file is gone.
    std::string key;
    const StoredFile* stored = nullptr;
  };

  /// Until the run is through, no one may take the edges that are there for those of this tree.
  void save_unfinished() {
    if (options_.dry_run) return;
    IngestRoot unfinished = choice_.root;
    unfinished.tree.clear();
    save_root(store_, unfinished, commit_);
  }

  CommitOptions last_commit() const {
    CommitOptions last;
    last.durability = options_.durability;
    return last;
  }

  void walk() {
    WalkOptions walking = options_.walk;
    const std::string own = store_.describe().directory;
    if (!own.empty()) walking.leave_out.push_back(own);
    walk_ = walk_files(choice_.root.path, walking);
    if (walk_.links > 0) report_.skipped["symbolic link"] += walk_.links;
    if (walk_.special > 0) report_.skipped["neither file nor folder"] += walk_.special;
    if (walk_.ignored > 0) report_.skipped["ignored"] += walk_.ignored;
    for (const WalkedProblem& problem : walk_.problems) note("unreadable", problem.path, problem.reason);
  }

  void load_stored() {
    const Collection files = store_.collection(files_collection);
    if (!files.exists()) return;
    Query query;
    query.where = "root = :root";
    query.parameters.emplace("root", Value(choice_.root.name));
    files.scan(query, [&](const Record& record) {
      if (auto file = stored_file(record, choice_.root.name)) stored_.emplace(file->key, std::move(*file));
      return true;
    });
  }

  /// The paths that references are looked up in, and whether they have changed since that was last done.
  void resolve_tree() {
    std::vector<std::string> paths;
    std::map<std::string, std::string> go_modules;
    TreeFingerprint fingerprint;
    for (const WalkedFile& file : walk_.files) {
      paths.push_back(file.path);
      fingerprint.add(file.path);
      if (file.path != "go.mod" && !file.path.ends_with("/go.mod")) continue;
      try {
        std::string& module = go_modules[file.path];
        module = InputFile(place_of(file)).read(go_module_bytes_max);
        fingerprint.add(module);
      } catch (const Error&) {
        go_modules.erase(file.path);  // it is noted when it is read as a file
      }
    }
    tree_ = fingerprint.to_string();
    tree_changed_ = tree_ != choice_.root.tree;
    targets_ = std::make_unique<ReferenceTargets>(std::move(paths), go_modules);
  }

  void work() {
    std::unordered_set<std::string> seen;
    for (const WalkedFile& file : walk_.files) {
      Item item{&file, choice_.root.key_of(file.path)};
      const auto stored = stored_.find(item.key);
      if (stored != stored_.end()) item.stored = &stored->second;
      if (!seen.insert(item.key).second) continue;
      if (lies_below(file.path, choice_.below)) items_.push_back(std::move(item));
    }
    for (const auto& [key, stored] : stored_) {
      if (!seen.contains(key) && lies_below(stored.path, choice_.below) && !is_hidden_by_problem(stored.path)) {
        items_.push_back({nullptr, key, &stored});
      }
    }
    run_workers();
  }

  std::string place_of(const WalkedFile& file) const {
    return choice_.root.is_file ? choice_.root.path : join(choice_.root.path, file.path);
  }

  /// What lies below a folder that could not be read may be there still.
  bool is_hidden_by_problem(const std::string& path) const {
    return std::any_of(walk_.problems.begin(), walk_.problems.end(),
                       [&](const WalkedProblem& problem) { return lies_below(path, valid_text(problem.path)); });
  }

  void run_workers() {
    std::size_t jobs =
        options_.jobs != 0 ? options_.jobs : std::clamp<std::size_t>(std::thread::hardware_concurrency(), 2, 8);
    jobs = std::min({jobs, jobs_max, items_.size() / 4 + 1});
    std::atomic<std::size_t> running = jobs;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < jobs; ++i) {
      threads.emplace_back([&] {
        worker();
        --running;
        const std::lock_guard lock(mutex_);
        wake_.notify_all();
      });
    }
    while (running > 0) {
      IngestProgress progress;
      {
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, std::chrono::milliseconds(100), [&] { return running == 0; });
        progress = {done_, items_.size(), report_.bytes, last_file_};
      }
      if (!stop_ && options_.progress && !options_.progress(progress)) {
        report_.cancelled = true;
        stop_ = true;
      }
    }
    for (std::thread& thread : threads) thread.join();
  }

  void worker() {
    try {
      while (!stop_) {
        const std::vector<const Item*> batch = next_batch();
        if (batch.empty()) return;
        deal_with(batch);
      }
    } catch (const StoreFailure& failure) {
      fail(std::make_exception_ptr(failure.error));
    } catch (...) {
      fail(std::current_exception());
    }
  }

  void fail(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    stop_ = true;
  }

  std::vector<const Item*> next_batch() {
    const std::lock_guard lock(mutex_);
    std::vector<const Item*> batch;
    std::uint64_t bytes = 0;
    while (next_ < items_.size() && batch.size() < batch_files && bytes < batch_bytes) {
      const Item& item = items_[next_++];
      bytes += item.file != nullptr ? item.file->size : 0;
      batch.push_back(&item);
    }
    return batch;
  }

  void deal_with(const std::vector<const Item*>& batch) {
    std::vector<std::pair<const Item*, FileText>> texts;
    for (const Item* item : batch) {
      if (stop_) return;
      std::optional<FileText> text;
      if (item->file == nullptr) {
        erase(*item, true);
      } else {
        text = look_at(*item);
      }
      if (text) {
        texts.emplace_back(item, std::move(*text));
      } else {
        done(*item, 0);
      }
    }
    std::map<std::string, std::vector<Symbol>> symbols;
    if (has_symbols_ && !options_.dry_run) symbols = symbols_of(texts);
    for (auto& [item, text] : texts) {
      if (stop_) return;
      const auto found = symbols.find(text.place);
      store(*item, std::move(text), found == symbols.end() ? std::vector<Symbol>() : std::move(found->second));
    }
  }

  std::map<std::string, std::vector<Symbol>> symbols_of(
      const std::vector<std::pair<const Item*, FileText>>& texts) const {
    std::vector<std::string> paths;
    for (const auto& [item, text] : texts) {
      if (text.size <= options_.passage_bytes_max) paths.push_back(text.place);
    }
    return find_symbols(paths);
  }

  /// The text of a file that is new or has changed; nothing when that was all there is to do.
  std::optional<FileText> look_at(const Item& item) {
    const StoredFile* stored = item.stored;
    const WalkedFile& file = *item.file;
    const bool same_recipe = stored != nullptr && stored->recipe == recipe_;
    const bool looks_same = same_recipe && stored->size == file.size && stored->modified_us == file.modified_ns / 1000;
    const bool racy = stored != nullptr && stored->updated.micros - stored->modified_us < racy_us;
    if (looks_same && !racy && !tree_changed_) {
      count_unchanged();
      return std::nullopt;
    }
    FileText text;
    try {
      text = read_file_text(place_of(file), file.path, options_.passage_bytes_max);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::not_found) {
        count_skipped("gone meanwhile");
      } else {
        note("unreadable", file.path, error.what());
      }
      return std::nullopt;
    }
    if (text.binary) {
      if (stored != nullptr) erase(item, false);
      count_skipped("binary");
      return std::nullopt;
    }
    if (!same_recipe || stored->size != text.size || !same_content(item.key, text)) return text;
    refresh(item, text);
    count_unchanged();
    return std::nullopt;
  }

  bool same_content(const std::string& key, const FileText& text) const {
    const Documents documents = store_.documents(files_collection);
    if (!text.large) {
      const auto content = documents.get(key);
      return content && *content == text.content;
    }
    if (!documents.describe(key)) return false;
    InputFile file(text.place);
    bool same = true;
    documents.reader(key).read_all([&](bytes_view part) {
      same = file.read(part.size()) == part;
      return same;
    });
    return same && file.read(1).empty();
  }

  /// The content is as before: its time may not be, nor what its references lead to.
  void refresh(const Item& item, const FileText& text) {
    if (options_.dry_run) return;
    const bool new_time = item.stored->modified_us != text.modified_ns / 1000;
    if (!new_time && !tree_changed_) return;
    IngestedFile file = prepare(item, text, {});
    FileChanges changes;
    commit([&](Transaction& transaction) {
      changes = {};
      if (new_time) store_metadata(transaction, file);
      if (tree_changed_) changes = store_edges(transaction, item.key, file.edges, false);
    });
    count(changes);
  }

  IngestedFile prepare(const Item& item, const FileText& text, const std::vector<Symbol>& symbols) const {
    return prepare_file(text, {item.key, choice_.root.name, item.file->path, recipe_}, choice_.root, *targets_,
                        symbols);
  }

  void store(const Item& item, FileText text, const std::vector<Symbol>& symbols) {
    IngestedFile file = prepare(item, text, symbols);
    file.content = std::move(text.content);
    FileChanges changes{file.passages.size(), file.edges.size()};
    try {
      if (!options_.dry_run) {
        if (file.large && !store_large(file, text.place)) {
          note("changed meanwhile", item.file->path, "it changed while it was read: run ingest again");
          return done(item, text.size);
        }
        commit([&](Transaction& transaction) { changes = store_file(transaction, file); });
      }
      count(changes);
      if (text.truncated) {
        note("cut short", item.file->path,
             "only the first " + std::to_string(text.cut_bytes) + " of " + std::to_string(text.size) +
                 " bytes are cut into passages (--max-size); all of it is stored");
      }
      const std::lock_guard lock(mutex_);
      ++report_.files;
      ++(item.stored != nullptr ? report_.changed : report_.added);
    } catch (const Error& error) {
      if (!is_about_the_file(error.code()) && error.code() != ErrorCode::not_found) throw;
      note("refused", item.file->path, error.what());
    }
    done(item, text.size);
  }

  /// The content alone, under a record that says it is not cut yet. False when the file is no longer what was cut.
  bool store_large(const IngestedFile& file, const std::string& place) {
    commit([&](Transaction& transaction) { check_owner(transaction, file.key, file.root); });
    IngestedFile unfinished;
    unfinished.path = file.path;
    unfinished.root = file.root;
    unfinished.language = file.language;
    Value metadata = file_metadata(unfinished);
    if (const auto record = store_.collection(files_collection).get(file.key)) {
      metadata.set("passages", record->value["passages"]);  // those are there still, and are to go
    }
    DocumentOptions options;
    options.name = valid_text(file.path.substr(file.path.rfind('/') + 1));
    options.metadata = metadata;
    try {
      return write_content(file, place, options);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::limit_exceeded && file.size <= document_bytes_max) throw StoreFailure{error};
      throw;
    }
  }

  bool write_content(const IngestedFile& file, const std::string& place, const DocumentOptions& options) {
    InputFile input(place);
    DocumentWriter writer = store_.documents(files_collection).writer(file.key, options);
    std::uint64_t size = 0;
    for (std::string part = input.read(large_part_bytes); !part.empty(); part = input.read(large_part_bytes)) {
      if (stop_) throw Error(ErrorCode::closed, "stopped");
      size += part.size();
      writer.write(part);
    }
    const auto now = file_status(place);
    if (size != file.size || !now || now->modified_ns != file.modified_ns) return false;
    writer.finish();
    return true;
  }

  void erase(const Item& item, bool is_gone) {
    FileChanges changes;
    if (!options_.dry_run) {
      commit([&](Transaction& transaction) { changes = erase_file(transaction, item.key, choice_.root.name); });
    }
    count(changes);
    const std::lock_guard lock(mutex_);
    if (is_gone) ++report_.removed;
  }

  template <typename Function>
  void commit(const Function& fn) {
    wrote_ = true;
    for (int attempt = 1;; ++attempt) {
      bool built = false;
      try {
        store_.transact(
            [&](Transaction& transaction) {
              built = false;
              if (!forgetting_) check_root(transaction, choice_.root);
              fn(transaction);
              built = true;
            },
            commit_);
        return;
      } catch (const Error& error) {
        // What is too much for a transaction is told while it is built.
        if (built && error.code() == ErrorCode::limit_exceeded) throw StoreFailure{error};
        const bool again = error.code() == ErrorCode::busy || error.code() == ErrorCode::conflict;
        if (!again || attempt == tries_max) throw;
      }
    }
  }

  // ---- counting; from any worker

  void note(const std::string& kind, const std::string& path, const std::string& reason) {
    const std::lock_guard lock(mutex_);
    ++report_.skipped[kind];
    ++report_.notes_total;
    if (report_.notes.size() < notes_max) report_.notes.push_back({valid_text(path), valid_text(reason)});
  }
  void count_skipped(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    ++report_.skipped[reason];
  }
  void count_unchanged() {
    const std::lock_guard lock(mutex_);
    ++report_.files;
    ++report_.unchanged;
  }
  void count(const FileChanges& changes) {
    const std::lock_guard lock(mutex_);
    report_.passages += changes.passages;
    report_.edges += changes.edges;
  }
  void done(const Item& item, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    ++done_;
    report_.bytes += bytes;
    last_file_ = item.file != nullptr ? item.file->path : item.stored->path;
  }

  static constexpr std::size_t large_part_bytes = std::size_t{4} << 20;

  Store& store_;
  const IngestOptions& options_;
  RootChoice choice_;
  bool has_symbols_;
  IngestReport& report_;
  std::string recipe_;
  CommitOptions commit_;
  bool forgetting_ = false;
  Walk walk_;
  std::unordered_map<std::string, StoredFile> stored_;
  std::string tree_;
  bool tree_changed_ = false;
  std::unique_ptr<ReferenceTargets> targets_;
  std::vector<Item> items_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::size_t next_ = 0;
  std::size_t done_ = 0;
  std::string last_file_;
  std::exception_ptr failure_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> wrote_ = false;
};

FolderIngest::FolderIngest(Store& store, IngestOptions options) : store_(store), options_(std::move(options)) {
  options_.passage_bytes_max =
      std::clamp<std::uint64_t>(options_.passage_bytes_max, passage_bytes_max, large_file_bytes);
  has_symbols_ = options_.symbols && has_symbols_program();
  choose_roots(known_roots(store_), options_.paths, options_.name);
}

FolderIngest::~FolderIngest() = default;

IngestReport FolderIngest::run() {
  const auto started = std::chrono::steady_clock::now();
  IngestReport report;
  std::vector<RootChoice> choices = choose_roots(known_roots(store_), options_.paths, options_.name);
  if (!options_.dry_run) declare(store_, options_);
  folders_.clear();
  for (RootChoice& choice : choices) {
    if (report.cancelled) break;
    Run run(store_, options_, std::move(choice), has_symbols_, report);
    run();
    for (std::string& folder : run.folders()) folders_.push_back(std::move(folder));
  }
  report.elapsed = std::chrono::steady_clock::now() - started;
  return report;
}

IngestReport FolderIngest::forget(Store& store, const IngestOptions& options) {
  const auto started = std::chrono::steady_clock::now();
  IngestReport report;
  const std::vector<IngestRoot> known = known_roots(store);
  std::map<std::string, IngestRoot> roots;
  for (const std::string& path : options.paths) {
    IngestRoot root = root_at(known, path, options.name);
    std::string name = root.name;
    roots.emplace(std::move(name), std::move(root));
  }
  for (auto& [name, root] : roots) {
    if (report.cancelled) break;
    Run(store, options, {std::move(root), {}, false}, false, report).forget();
  }
  report.elapsed = std::chrono::steady_clock::now() - started;
  return report;
}

std::vector<std::string> FolderIngest::folders() const { return folders_; }

}  // namespace strata::ingest
