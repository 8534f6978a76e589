#include "ingest/tour.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <system_error>
#include <vector>

#include "ingest/command_line.hpp"
#include "ingest/package_lists.hpp"
#include "ingest/sqlite_baseline.hpp"
#include "strata/store.hpp"

namespace strata::ingest {
namespace {

namespace fs = std::filesystem;

constexpr int writers = 4;
constexpr int readings_of_each = 250;
constexpr int work_items = 200;

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string decimal(double number, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

std::string megabytes(std::uint64_t bytes) { return decimal(static_cast<double>(bytes) / 1e6, 1) + " MB"; }

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

/// A directory for scripts and answers, removed at the end.
class Scratch {
 public:
  Scratch() {
    std::random_device random;
    do {
      path_ = fs::temp_directory_path() / ("strata-tour-" + std::to_string(random()));
    } while (!fs::create_directory(path_));
    fs::permissions(path_, fs::perms::owner_all);
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

std::vector<Value> json_lines(const std::vector<std::string>& lines) {
  std::vector<Value> values;
  for (const std::string& line : lines) values.push_back(Value::from_json(line));
  return values;
}

std::vector<std::string> file_lines(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> lists_to_import(const TourOptions& options) {
  if (options.from) {
    if (!fs::exists(*options.from))
      throw Error(ErrorCode::not_found, "cannot open " + *options.from + ": no such file");
    return {fs::absolute(*options.from).string()};
  }
  std::vector<std::string> lists = package_lists(apt_lists_directory);
  if (lists.empty()) {
    throw Error(ErrorCode::not_found, std::string("no package lists in ") + apt_lists_directory +
                                          ": run apt-get update, or name a deb822 file: strata tour --from FILE");
  }
  return lists;
}

std::string store_place(const TourOptions& options, const Scratch& scratch) {
  if (!options.directory) return scratch.file("store");
  const fs::path place = fs::absolute(*options.directory);
  if (fs::exists(place) && !(fs::is_directory(place) && fs::is_empty(place))) {
    throw Error(ErrorCode::already_exists,
                place.string() + " holds something already: name a new directory for the tour");
  }
  return place.string();
}

class Tour {
 public:
  Tour(const TourOptions& options, std::ostream& out)
      : options_(options),
        kept_(options.directory.has_value()),
        lists_(lists_to_import(options)),
        from_apt_(!options.from),
        store_(store_place(options, scratch_)),
        line_({.binary = options.binary, .store = store_, .scratch = scratch_.file(""), .colour = options.colour},
              out) {}

  void run() {
    const auto started = std::chrono::steady_clock::now();
    import_catalogue();
    build_indexes();
    ask_for_the_largest();
    ask_a_compound_query();
    ask_what_changed();
    write_from_four_processes();
    share_work();
    compare_sizes();
    search();
    walk_dependencies();
    ask_with_rules();
    take_in_a_folder();
    keep_a_document();
    verify();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
    part_with(elapsed.count());
  }

 private:
  Store open_store() const {
    OpenOptions reading;
    reading.create = false;
    reading.read_only = true;
    return Store::open(store_, reading);
  }

  /// As few words as say it: a pattern, where that names these lists and nothing else.
  std::string import_command() const {
    const std::string options = " --newest Version --link Depends:depends";
    if (lists_.size() == 1) return "strata import packages " + shell_quoted(lists_[0]) + options;
    std::string names;
    for (const std::string& list : lists_) names += (names.empty() ? "" : " ") + shell_quoted(list);
    if (from_apt_) {
      const auto is_matched = [](const fs::directory_entry& entry) {
        return entry.path().filename().string().find("_Packages") != std::string::npos;
      };
      const auto matched =
          std::count_if(fs::directory_iterator(apt_lists_directory), fs::directory_iterator(), is_matched);
      if (static_cast<std::size_t>(matched) == lists_.size()) names = std::string(apt_lists_directory) + "/*_Packages*";
    }
    return "for f in " + names + "; do\n    strata import packages \"$f\"" + options + "; done";
  }

  void import_catalogue() {
    std::uint64_t bytes = 0;
    for (const std::string& list : lists_) bytes += fs::file_size(list);
    line_.heading(from_apt_ ? "This machine's package catalogue becomes a collection, its dependencies edges (" +
                                  std::to_string(lists_.size()) + " lists, " + megabytes(bytes) + " as stored)"
                            : "A package catalogue becomes a collection, its dependencies edges (" + megabytes(bytes) +
                                  " as stored)");
    line_.show_command("export STRATA_STORE=" + store_);
    const std::string command = import_command();
    line_.show_command(command);
    const Answer answer = line_.run(command);
    std::uint64_t records = 0;
    for (const Value& row : json_lines(answer.lines)) records += row["records"].as_uint();
    if (records == 0)
      throw Error(ErrorCode::not_found, "no packages in " + lists_[0] + ": name another file with --from");
    show_imports(answer);
  }

  void show_imports(const Answer& answer) {
    std::vector<std::string> shown;
    for (const Value& row : json_lines(answer.lines)) {
      const std::uint64_t batches = row["batches"].as_uint();
      const ValueView superseded = row["superseded"];
      shown.push_back(padded(grouped(row["records"].as_uint()), 7) + " records in " +
                      decimal(row["seconds"].as_double(), 2) + " s (" + grouped(row["records_per_second"].as_uint()) +
                      "/s), " + grouped(batches) + (batches == 1 ? " batch" : " batches, each") + " atomic" +
                      (superseded ? "; " + grouped(superseded.as_uint()) + " were not newer" : ""));
    }
    line_.show_answer(shown);
  }

  void build_indexes() {
    line_.heading("Indexes, built while others may go on reading and writing");
    line_.type("strata index create packages Section,Installed-Size\nstrata index create packages updated");
    choose_sections();
  }

  /// `games` and `science` where there are such packages, else the two sections with the most.
  void choose_sections() {
    const Store store = open_store();
    std::map<std::string, std::uint64_t, std::less<>> sections;
    Query query;
    query.fields = {"Section"};
    store.snapshot().collection("packages").scan(query, [&](const Record& record) {
      const std::string_view section = record.value["Section"].string_or("");
      if (!section.empty() && section.find('\'') == std::string_view::npos) ++sections[std::string(section)];
      return true;
    });
    if (sections.empty())
      throw Error(ErrorCode::not_found, "no package in " + lists_[0] + " has a Section: name another file with --from");
    constexpr std::uint64_t enough = 10;
    const auto choose = [&](std::string_view preferred) {
      const auto found = sections.find(preferred);
      if (found != sections.end() && found->second >= enough) return std::string(preferred);
      const auto by_count = [](const auto& a, const auto& b) { return a.second < b.second; };
      return std::max_element(sections.begin(), sections.end(), by_count)->first;
    };
    first_section_ = choose("games");
    second_section_ = choose("science");
  }

  void ask_for_the_largest() {
    line_.heading("The largest packages of a section");
    line_.type("strata find packages --where \"Section = '" + first_section_ +
               "'\" --order Installed-Size:desc --limit 5 \\\n    --fields Installed-Size,Version,Description");
  }

  void ask_a_compound_query() {
    line_.heading("A compound query, its answer, and how it was found");
    const std::string where =
        "strata find packages --where \"Section = '" + second_section_ +
        "' and Installed-Size >= 20000 \\\n    and Depends like 'libc6%' and not Architecture = 'all'\"";
    line_.type(where + " \\\n    --order Installed-Size:desc --limit 5 --fields Installed-Size,Version,Homepage");
    line_.type(where + " --explain");
  }

  void ask_what_changed() {
    line_.heading("What changed since a moment ago: three records are changed, in one commit");
    std::string names;
    std::string since;
    {
      const Store store = open_store();
      Query largest;
      largest.where = "Section = '" + first_section_ + "'";
      largest.order = {{"Installed-Size", true}};
      largest.limit = 3;
      for (const Record& record : store.snapshot().collection("packages").find(largest).records) {
        names += (names.empty() ? "'" : ", '") + record.key + "'";
      }
      since = (store.describe().time + std::chrono::microseconds(1)).to_string();
    }
    const std::string command = "strata export packages \\\n    --where \"Package in (" + names +
                                ")\" |\n    sed 's/\"Priority\":\"optional\"/\"Priority\":\"important\"/' | "
                                "strata import packages -";
    line_.show_command(command);
    show_imports(line_.run(command));
    const Answer changed = line_.type("strata find packages --since " + since + " --fields Priority,Version");
    if (changed.lines.size() < 3)
      throw Error(ErrorCode::internal, "the tour's own changes were not found: please report this");
  }

  void write_from_four_processes() {
    line_.heading("Four processes write at once, each commit synced, while a fifth follows the log");
    write_readings();
    const std::uint64_t before = open_store().position().value;
    const std::uint64_t commits = std::uint64_t{writers} * readings_of_each;
    const std::string follow = " log --from " + std::to_string(before) + " --follow --limit " +
                               std::to_string(commits) + " > followed.jsonl &";
    line_.show_command("strata" + follow +
                       "\nfor w in 1 2 3 4; do strata import readings - --batch 1 < writer$w.jsonl & done; wait");
    // The same, but that a writer that fails ends it.
    const Answer answer =
        line_.run("\"$STRATA\"" + follow +
                  " follower=$!\nlist=\nfailed=\nfor w in 1 2 3 4; do\n"
                  "  strata import readings - --batch 1 < writer$w.jsonl > imported$w & list=\"$list $!\"\ndone\n"
                  "for writer in $list; do wait \"$writer\" || failed=1; done\n"
                  "if [ -n \"$failed\" ]; then kill \"$follower\"; exit 1; fi\nwait \"$follower\"");
    report_writers(answer.elapsed.count());
    report_follower(before, commits);
  }

  void write_readings() const {
    for (int writer = 1; writer <= writers; ++writer) {
      std::ofstream file(scratch_.file("writer" + std::to_string(writer) + ".jsonl"));
      for (int number = 1; number <= readings_of_each; ++number) {
        char key[32];
        std::snprintf(key, sizeof key, "%d-%05d", writer, number);
        file << R"({"key":")" << key << R"(","value":{"writer":)" << writer << R"(,"reading":)" << number * 7 % 1000
             << "}}\n";
      }
    }
  }

  void report_writers(double elapsed) {
    std::vector<std::string> shown;
    double longest = 0;
    for (int writer = 1; writer <= writers; ++writer) {
      const std::vector<Value> rows = json_lines(file_lines(scratch_.file("imported" + std::to_string(writer))));
      if (rows.size() != 1) throw Error(ErrorCode::internal, "a writer of the tour said nothing: please report this");
      const double seconds = rows[0]["seconds"].as_double();
      longest = std::max(longest, seconds);
      shown.push_back("writer " + std::to_string(writer) + ": " + grouped(rows[0]["batches"].as_uint()) +
                      " commits in " + decimal(seconds, 2) + " s");
    }
    const double rate = longest > 0 ? double{writers} * readings_of_each / longest : 0;
    shown.push_back("together: " + grouped(static_cast<std::uint64_t>(rate)) +
                    " commits/s; all five processes ended after " + decimal(elapsed, 2) + " s");
    line_.show_answer(shown);
  }

  /// The follower must have seen every commit once, in order, and each writer's in the order of its making.
  void report_follower(std::uint64_t before, std::uint64_t commits) {
    std::map<char, std::string> last_keys;
    std::uint64_t position = before;
    std::uint64_t seen = 0;
    std::uint64_t hands = 0;
    char writer_before = '\0';
    for (const Value& entry : json_lines(file_lines(scratch_.file("followed.jsonl")))) {
      if (entry["position"].as_uint() != ++position) throw follower_error(position);
      for (const ValueView::Member& change : entry["changes"]) {
        if (change.value["collection"].string_or("") != "readings" || change.value["key"].is_missing()) continue;
        const std::string key(change.value["key"].as_string());
        if (key.empty() || key <= last_keys[key[0]]) throw follower_error(position);
        last_keys[key[0]] = key;
        if (key[0] != writer_before) ++hands;
        writer_before = key[0];
        ++seen;
      }
    }
    if (seen != commits) throw follower_error(position);
    line_.show_answer({"follower: " + grouped(seen) + " records at positions " + grouped(before + 1) + " to " +
                           grouped(position) + ", in order, none missing, none twice;",
                       "          the turn passed from one writer to another " + grouped(hands) + " times"});
  }

  void share_work() {
    line_.heading("Three processes: one puts work into a queue, two do it, and one of them is killed in the middle");
    const std::uint64_t before = open_store().position().value;
    const std::string find = " find packages --where \"Section = '" + first_section_ + "'\" --limit " +
                             std::to_string(work_items) + " --fields Package";
    const std::string work = " queue work pages --into digests --key key --lease 1s --wait 3s -- sha256sum";
    line_.show_command("strata" + work + " &\nstrata" + work + " &\nstrata" + find +
                       " |\n    strata queue put pages -\nkill -9 %2    # in the middle of an item");
    // The same, but that the kill waits until the second has done some, and that both are asleep at the first item.
    line_.run("\"$STRATA\"" + work + " > first.jsonl & first=$!\n\"$STRATA\"" + work +
              " > second.jsonl & second=$!\nsleep 0.3\n\"$STRATA\"" + find +
              " --format jsonl | \"$STRATA\" queue put pages - > put.jsonl\n"
              "while [ $(wc -l < second.jsonl) -lt 5 ] && kill -0 $second 2>/dev/null; do sleep 0.01; done\n"
              "{ kill -9 $second; wait $second; } 2>/dev/null || true\nwait $first");
    report_work(before);
  }

  /// Each item's effect must be there exactly once, by the log's account.
  void report_work(std::uint64_t before) {
    const std::size_t items = file_lines(scratch_.file("put.jsonl")).size();
    const std::size_t by_first = file_lines(scratch_.file("first.jsonl")).size();
    const std::size_t by_second = file_lines(scratch_.file("second.jsonl")).size();
    Store store = open_store();
    std::map<std::string, int> effects;
    std::optional<Time> put, done;
    Position seen{before};
    for (;;) {
      const std::vector<LogEntry> entries = store.log(seen);
      if (entries.empty()) break;
      for (const LogEntry& entry : entries) {
        if (!put) put = entry.time;
        for (const LogChange& change : entry.changes) {
          if (change.collection != "digests") continue;
          ++effects[change.key];
          if (!done) done = entry.time;
        }
      }
      seen = entries.back().position;
    }
    const bool once =
        std::all_of(effects.begin(), effects.end(), [](const auto& effect) { return effect.second == 1; });
    if (items == 0 || effects.size() != items || !once || store.queue("pages").statistics().leased != 0)
      throw Error(ErrorCode::internal, "the tour's work was lost or doubled: please report this");
    line_.show_answer({grouped(items) + " items put; " + grouped(by_first) + " done by the first worker, " +
                           grouped(by_second) + " by the second before it was killed;",
                       "each has its digest, committed exactly once; the first " +
                           decimal(static_cast<double>(done->micros - put->micros) / 1e3, 1) +
                           " ms after it was put: workers are woken, not polling"});
  }

  static Error follower_error(std::uint64_t position) {
    return Error(ErrorCode::internal, "the follower of the tour missed something at position " +
                                          std::to_string(position) + ": please report this");
  }

  /// A package that is there, for others to be like.
  std::string some_package() const {
    const Store store = open_store();
    const Snapshot snapshot = store.snapshot();
    const Collection packages = snapshot.collection("packages");
    for (const char* known : {"gimp", "bash"}) {
      if (packages.get(known)) return known;
    }
    Query query;
    query.limit = 1;
    return packages.find(query).records.at(0).key;
  }

  void search() {
    line_.heading("Search: by words, by likeness, and by both with a filter");
    line_.remark("(The vectors are made here, of the words and their parts; your own come with the records.)");
    line_.type("strata text create packages Package,Description --stemming");
    line_.type(
        "strata vector create packages likeness --dim 256 --type i8 \\\n    --embed lexical --from "
        "Package,Description");
    line_.type("strata search packages --text 'image viewer' -k 4 --fields Description");
    line_.type("strata search packages --like " + shell_quoted(some_package()) + " -k 4 --fields Description");
    const std::string both =
        "strata search packages --text 'photo editor' --near 'edit photographs' \\\n    --where \"Section != 'libs'\"";
    line_.type(both + " -k 4 --fields Description");
    line_.type(both + " --explain");
  }

  /// What a person would ask about, where it is there; else what the most packages depend on.
  std::string chosen_dependency() const {
    const Store store = open_store();
    const Snapshot snapshot = store.snapshot();
    constexpr std::string_view preferred = "packages/libssl3";
    if (snapshot.graph().degree(std::string(preferred)).in > 0) return std::string(preferred);
    std::map<std::string, std::uint64_t> wanted;
    snapshot.graph().scan([&](const Edge& edge) {
      ++wanted[edge.to];
      return true;
    });
    const auto by_count = [](const auto& a, const auto& b) { return a.second < b.second; };
    const auto most = std::max_element(wanted.begin(), wanted.end(), by_count);
    return most == wanted.end() ? std::string(preferred) : most->first;
  }

  void walk_dependencies() {
    const std::string node = chosen_dependency();
    line_.heading("The graph: what breaks when " + node.substr(node.find('/') + 1) + " goes?");
    line_.type("strata impact " + shell_quoted(node) + " --limit 4");
    std::string farthest;
    {
      const Store store = open_store();
      const TraversalResult impact = store.snapshot().graph().impact(node);
      if (!impact.nodes.empty()) farthest = impact.nodes.back().node;
    }
    if (!farthest.empty()) line_.type("strata path " + shell_quoted(farthest) + " " + shell_quoted(node));
  }

  void ask_with_rules() {
    line_.heading("Rules, where no verb says it: who needs it, directly or not, among the " + second_section_ +
                  " packages");
    line_.type("strata query \"\n    needs(P) :- edge(P, 'depends', '" + chosen_dependency() +
               "').\n    needs(P) :- needs(Q), edge(P, 'depends', Q).\n    ?- packages(K, {Section: '" +
               second_section_ +
               "', 'Installed-Size': Size}), needs(concat('packages/', K))\n       order by Size desc limit 5\"");
  }

  /// A folder of text that this machine has: the headers of its C++ compiler, or else its packages' documents.
  static std::optional<fs::path> folder_to_take_in() {
    std::error_code absent;
    std::optional<fs::path> newest;
    for (const fs::directory_entry& entry : fs::directory_iterator("/usr/include/c++", absent)) {
      if (!newest || entry.path().filename().string().size() > newest->filename().string().size() ||
          (entry.path().filename().string().size() == newest->filename().string().size() && entry.path() > *newest))
        newest = entry.path();
    }
    if (newest && fs::exists(*newest / "bits" / "stl_heap.h", absent)) return *newest;
    if (fs::exists("/usr/share/doc", absent)) return fs::path("/usr/share/doc");
    return std::nullopt;
  }

  void take_in_a_folder() {
    const std::optional<fs::path> folder = options_.folder ? fs::path(*options_.folder) : folder_to_take_in();
    if (!folder) return;
    line_.heading("A folder becomes documents, passages and edges, and answers questions");
    const bool headers = fs::exists(*folder / "bits" / "stl_heap.h");
    line_.type("strata ingest " + shell_quoted(folder->string()) + (headers ? " --include '*.h'" : ""));
    const std::string words = headers ? "remove the largest element of a heap" : "how to report bugs";
    line_.type("strata ask '" + words + "' -k 3 --lines 1 --format grep");
    if (headers) line_.type("strata impact files/bits/stl_heap.h --limit 4");
  }

  void keep_a_document() {
    line_.heading("Large content is kept once, in chunks, with a record that is found like any other");
    const std::string& list = lists_[0];
    line_.type("strata doc put catalogue " + shell_quoted(list) + "\nstrata doc put 'the same again' " +
               shell_quoted(list) + "\nstrata doc get catalogue | cmp - " + shell_quoted(list) +
               " && strata doc stats");
  }

  void verify() {
    line_.heading("Everything is read back and compared: checksums, indexes, counts, digest, log");
    line_.type("strata verify");
  }

  void compare_sizes() {
    line_.heading("Size, against the same records, edges and indexes as rows and JSON text in SQLite");
    show_statistics();
    const Store store = open_store();
    const StoreStatistics statistics = store.statistics();
    const std::optional<std::uint64_t> sqlite = sqlite_json_bytes(store, scratch_.file("baseline.sqlite"));
    std::vector<std::string> shown = {"strata: " + padded(megabytes(statistics.file_bytes), 9) + ", of which " +
                                      megabytes(statistics.log_bytes) + " change log and " +
                                      megabytes(statistics.garbage_bytes) + " free for reuse"};
    if (sqlite) {
      const double ratio = static_cast<double>(statistics.file_bytes) / static_cast<double>(*sqlite);
      shown.push_back("sqlite: " + padded(megabytes(*sqlite), 9) + ", filled in key order, without a log");
      shown.push_back("ratio:  " + padded(decimal(ratio, 2), 9));
    } else {
      shown.push_back("this build has no SQLite to compare with");
    }
    line_.show_answer(shown);
  }

  /// What is about size: the first lines, and the table of spaces.
  void show_statistics() {
    line_.show_command("strata stats");
    const std::vector<std::string> lines = line_.run("strata stats").lines;
    const auto table = std::find(lines.begin(), lines.end(), "");
    constexpr std::ptrdiff_t lines_about_size = 5;
    std::vector<std::string> shown(lines.begin(), lines.begin() + std::min(lines_about_size, table - lines.begin()));
    shown.emplace_back("...");
    shown.insert(shown.end(), table, lines.end());
    line_.show_answer(shown);
  }

  void part_with(double seconds) {
    line_.heading("The tour took " + decimal(seconds, 1) + " s. To go on:");
    if (kept_) {
      line_.show_command("export STRATA_STORE=" + store_ +
                         "\nstrata find packages --where \"Depends like 'sqlite3%'\" --fields Section,Description"
                         "\nstrata get packages bash\nstrata log --tail 5\nstrata shell\nstrata --help");
      line_.remark("and for what is yours:");
      line_.show_command("strata ingest ~/notes --watch\nstrata ask 'what did we decide about backups'\nstrata --help");
    } else {
      line_.remark("the store of this tour is removed now; to keep one and explore it:");
      line_.show_command(
          "strata tour ./packages\nstrata -s ./packages shell\nstrata ingest . && strata ask 'where are files "
          "opened'\nstrata --help");
    }
  }

  TourOptions options_;
  bool kept_;
  std::vector<std::string> lists_;
  bool from_apt_;
  Scratch scratch_;
  std::string store_;
  CommandLine line_;
  std::string first_section_;
  std::string second_section_;
};

}  // namespace

void run_tour(const TourOptions& options, std::ostream& out) { Tour(options, out).run(); }

}  // namespace strata::ingest
