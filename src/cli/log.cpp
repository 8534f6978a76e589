// log: what was committed, and when.
#include <algorithm>

#include "cli/command_tree.hpp"
#include "cli/text.hpp"

namespace strata::cli {
namespace {

// Entries fetched at a time, so that a long log needs no more memory than a short one.
constexpr std::size_t page_entries = 1000;
// A wait for the next commit is renewed this often, to look whether Ctrl-C was pressed.
constexpr std::chrono::milliseconds wait_time{500};

std::string_view operation_name(LogChange::Operation operation) {
  switch (operation) {
    case LogChange::Operation::put:
      return "put";
    case LogChange::Operation::erase:
      return "delete";
    case LogChange::Operation::erase_range:
      return "erase_range";
    case LogChange::Operation::declare:
      return "declare";
  }
  return "unknown";
}

/// A declaration's key is the name of what was declared; those with a dot are the store's own bookkeeping.
bool is_bookkeeping(const LogChange& change) {
  return change.operation == LogChange::Operation::declare && change.key.starts_with('.');
}

Row change_row(const LogChange& change) {
  if (change.operation == LogChange::Operation::declare)
    return {{"op", Value("declare")}, {"collection", Value(change.key)}};
  Row row = {{"op", Value(operation_name(change.operation))}};
  if (change.collection.empty()) {
    row.emplace_back("space", Value(change.space));
  } else {
    row.emplace_back("collection", Value(change.collection));
  }
  if (change.operation == LogChange::Operation::erase_range) {
    row.emplace_back("count", Value(change.count));
  } else if (!change.stream.empty()) {
    row.back() = {"stream", Value(change.stream)};
    row.emplace_back("version", Value(change.stream_version));
    if (change.operation == LogChange::Operation::put) row.front() = {"op", Value("append")};
  } else if (!change.key.empty()) {
    row.emplace_back("key", Value(change.key));
  }
  return row;
}

std::string change_text(const LogChange& change) {
  std::string text(operation_name(change.operation));
  if (change.operation == LogChange::Operation::declare) return text + ' ' + change.key;
  if (!change.stream.empty()) {
    if (change.operation == LogChange::Operation::put) text = "append";
    return text + ' ' + change.stream + '@' + std::to_string(change.stream_version);
  }
  text += ' ' + (change.collection.empty() ? "space " + std::to_string(change.space) : change.collection);
  if (change.operation == LogChange::Operation::erase_range) return text + " (" + human_count(change.count) + ")";
  return text + '/' + change.key;
}

std::string summary(const LogEntry& entry) {
  constexpr std::size_t shown_most = 4;
  std::vector<std::string> texts;
  std::size_t left_out = 0;
  for (const LogChange& change : entry.changes) {
    if (is_bookkeeping(change)) continue;
    if (texts.size() == shown_most) {
      ++left_out;
    } else {
      texts.push_back(change_text(change));
    }
  }
  if (left_out != 0) texts.push_back("+" + human_count(left_out) + " more");
  return join(texts, ", ");
}

Row entry_row(const LogEntry& entry, Format format) {
  const bool for_people = format == Format::table || format == Format::md;
  std::vector<Value> changes;
  if (!for_people) {
    for (const LogChange& change : entry.changes) {
      if (!is_bookkeeping(change)) changes.push_back(to_object(change_row(change)));
    }
  }
  return {{"position", Value(entry.position.value)},
          {"time", Value(entry.time.to_string())},
          {"id", Value(entry.id.to_string())},
          {"origin", Value(entry.origin)},
          {"changes", Value::array(changes), for_people ? summary(entry) : std::string()}};
}

struct LogArguments {
  std::uint64_t from = 0;
  std::uint64_t limit = 0;
  std::uint64_t tail = 0;
  bool follow = false;
};

class LogPrinter {
 public:
  LogPrinter(Session& session, const LogArguments& arguments)
      : out_(session.out()),
        display_(session.display()),
        rows_(make_row_writer(display_)),
        limit_(arguments.limit),
        one_by_one_(arguments.follow && (display_.format == Format::table || display_.format == Format::md)) {}

  bool full() const { return limit_ != 0 && printed_ == limit_; }

  /// Prints what the log holds after `from`, and returns the last position printed.
  Position print_after(const Store& store, Position from) {
    while (!full()) {
      const std::size_t wanted = limit_ == 0 ? page_entries : std::min<std::size_t>(page_entries, limit_ - printed_);
      const std::vector<LogEntry> entries = store.log(from, wanted);
      if (entries.empty()) break;
      for (const LogEntry& entry : entries) print(entry);
      from = entries.back().position;
    }
    return from;
  }

  void flush() { out_ << std::flush; }
  void finish() {
    if (!one_by_one_) rows_->finish(one_or_many(printed_, "commit"));
  }

 private:
  void print(const LogEntry& entry) {
    ++printed_;
    if (!one_by_one_) {
      rows_->write(entry_row(entry, display_.format));
      return;
    }
    const std::string line = std::to_string(entry.position.value) + "  " + entry.time.to_string() + "  " +
                             single_line(entry.origin + "  " + summary(entry));
    out_ << (display_.width == 0 ? line : cut(line, display_.width)) << '\n';
  }

  std::ostream& out_;
  Display display_;
  std::unique_ptr<RowWriter> rows_;
  std::uint64_t limit_ = 0;
  std::uint64_t printed_ = 0;
  bool one_by_one_ = false;  ///< What is followed is seen at once, so it cannot wait for a table's widths.
};

Position starting_point(const Store& store, const CLI::App& command, const LogArguments& arguments) {
  if (command.count("--from") != 0) return Position{arguments.from};
  const StoreDescription description = store.describe();
  if (command.count("--tail") == 0) return description.log_base;
  const std::uint64_t newest = description.position.value;
  const std::uint64_t first = newest > arguments.tail ? newest - arguments.tail : 0;
  return std::max(description.log_base, Position{first});
}

int print_log(Session& session, const CLI::App& command, const LogArguments& arguments) {
  const Store& store = session.store(Session::Access::read);
  LogPrinter printer(session, arguments);
  Position seen = printer.print_after(store, starting_point(store, command, arguments));
  if (arguments.follow) {
    const InterruptGuard interrupt;
    while (!printer.full() && !interrupt.requested()) {
      printer.flush();
      if (store.wait_for_commit(seen, wait_time) > seen) seen = printer.print_after(store, seen);
    }
  }
  printer.finish();
  return exit_done;
}

}  // namespace

void add_log_command(CommandTree& tree) {
  CLI::App& command = tree.add({"log", "", "Print what was committed, oldest first: position, time, and what changed",
                                "strata log --from 120 --follow", "Operation"});
  auto arguments = std::make_shared<LogArguments>();
  CLI::Option* from = command.add_option("--from", arguments->from, "The commits after this position")->type_name("P");
  command.add_option("--limit", arguments->limit, "At most so many commits")->type_name("N");
  command.add_option("--tail", arguments->tail, "Begin with the last so many commits")->type_name("N")->excludes(from);
  command.add_flag("--follow", arguments->follow, "Go on with what is committed, until Ctrl-C or --limit");
  tree.on_run(command, [&command, arguments](Session& session) { return print_log(session, command, *arguments); });
}

}  // namespace strata::cli
