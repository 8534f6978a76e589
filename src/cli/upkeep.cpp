// verify, stats, compact.
#include "cli/command_tree.hpp"
#include "cli/text.hpp"

namespace strata::cli {
namespace {

constexpr const char* group = "Operation";

Cell bytes_cell(std::string name, std::uint64_t bytes) { return {std::move(name), Value(bytes), human_bytes(bytes)}; }
Cell count_cell(std::string name, std::uint64_t count) { return {std::move(name), Value(count), human_count(count)}; }

int verify(Session& session) {
  const Store& store = session.store(Session::Access::read);
  const auto bar = session.progress_bar();
  const VerifyReport report = store.verify(bar.get());
  bar->finish();
  if (bar->interrupted()) throw Interrupted("interrupted: not all was read; the same command begins again");
  std::vector<Value> problems(report.problems.begin(), report.problems.end());
  const Display display = session.display();
  write_sheet(display,
              {count_cell("position", report.position.value),
               count_cell("records", report.records),
               count_cell("index_entries", report.index_entries),
               count_cell("log_entries", report.log_entries),
               {"problems", Value::array(problems), problems.empty() ? "none" : human_count(problems.size())}});
  if (report.problems.empty()) return exit_done;
  if (display.format != Format::jsonl) {
    for (const std::string& problem : report.problems) display.out << "problem: " << single_line(problem) << '\n';
  }
  throw Error(ErrorCode::corruption,
              one_or_many(report.problems.size(), "problem") + " in " + session.location() +
                  ": stop writing to it, keep a copy, and load the newest sound dump into a new store");
}

Value object_of(const std::map<std::string, std::string>& details) {
  std::vector<std::pair<std::string, Value>> members;
  members.reserve(details.size());
  for (const auto& [name, text] : details) members.emplace_back(name, Value(text));
  return Value::object(members);
}

Row space_row(const SpaceStatistics& space) {
  return {{"space", Value(space.name)}, count_cell("rows", space.rows), bytes_cell("bytes", space.bytes)};
}

Row follower_row(const FollowerStatistics& follower) {
  return {{"follower", Value(follower.name)},
          count_cell("position", follower.position.value),
          count_cell("lag", follower.lag)};
}

Row store_row(const StoreStatistics& statistics) {
  const std::uint64_t reader = statistics.oldest_reader_process;
  Row row = {bytes_cell("file_bytes", statistics.file_bytes),
             bytes_cell("live_bytes", statistics.live_bytes),
             bytes_cell("garbage_bytes", statistics.garbage_bytes),
             bytes_cell("log_bytes", statistics.log_bytes),
             count_cell("log_entries", statistics.log_entries),
             count_cell("readers", statistics.readers),
             {"oldest_reader_process", reader == 0 ? Value(nullptr) : Value(reader),
              reader == 0 ? "none" : std::to_string(reader)},
             count_cell("oldest_reader_lag", statistics.oldest_reader_lag),
             count_cell("commits", statistics.commits),
             count_cell("syncs", statistics.syncs),
             count_cell("conflicts", statistics.conflicts)};
  const double ratio =
      statistics.syncs == 0 ? 0 : static_cast<double>(statistics.commits) / static_cast<double>(statistics.syncs);
  row.emplace_back("commits_per_sync", statistics.syncs == 0 ? Value(nullptr) : Value(ratio),
                   statistics.syncs == 0 ? "-" : std::string());
  return row;
}

void print_rows(const Display& display, const std::vector<Row>& rows) {
  if (rows.empty()) return;
  display.out << '\n';
  const auto writer = make_row_writer(display);
  for (const Row& row : rows) writer->write(row);
  writer->finish();
}

int stats(Session& session) {
  const StoreStatistics statistics = session.store(Session::Access::read).statistics();
  std::vector<Row> spaces;
  std::vector<Row> followers;
  for (const SpaceStatistics& space : statistics.spaces) spaces.push_back(space_row(space));
  for (const FollowerStatistics& follower : statistics.followers) followers.push_back(follower_row(follower));
  Row row = store_row(statistics);
  const Display display = session.display();
  if (display.format == Format::table || display.format == Format::md) {
    for (const auto& [name, text] : statistics.engine_details) row.emplace_back(name, Value(text));
    write_sheet(display, row);
    print_rows(display, spaces);
    print_rows(display, followers);
    return exit_done;
  }
  const auto array_of = [](const std::vector<Row>& rows) {
    std::vector<Value> values;
    values.reserve(rows.size());
    for (const Row& each : rows) values.push_back(to_object(each));
    return Value::array(values);
  };
  row.emplace_back("spaces", array_of(spaces));
  row.emplace_back("followers", array_of(followers));
  row.emplace_back("engine", object_of(statistics.engine_details));
  write_sheet(display, row);
  return exit_done;
}

int compact(Session& session) {
  Store& store = session.store(Session::Access::change);
  const auto bar = session.progress_bar();
  const auto [before, after] = store.compact(bar.get());
  bar->finish();
  if (bar->interrupted())
    throw Interrupted("interrupted: the store is as sound as before; the same command begins again");
  const std::uint64_t freed = before > after ? before - after : 0;
  write_sheet(session.display(),
              {bytes_cell("before", before), bytes_cell("after", after), bytes_cell("freed", freed)});
  return exit_done;
}

}  // namespace

void add_upkeep_commands(CommandTree& tree) {
  CLI::App& verifying =
      tree.add({"verify", "",
                "Read everything and compare: checksums, indexes against records, counts, digest, log. "
                "Exit code 1 when anything is wrong",
                "strata verify", group});
  tree.on_run(verifying, [](Session& session) { return verify(session); });

  CLI::App& counting =
      tree.add({"stats", "",
                "How large the store is and what in it: live, garbage and log bytes, rows by space, readers, "
                "followers",
                "strata stats --format jsonl", group});
  tree.on_run(counting, [](Session& session) { return stats(session); });

  CLI::App& compacting =
      tree.add({"compact", "", "Trim what is due, and give space back where the engine can", "strata compact", group});
  tree.on_run(compacting, [](Session& session) { return compact(session); });
}

}  // namespace strata::cli
