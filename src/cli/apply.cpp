// apply: a file of changes as one transaction.
#include "cli/change_list.hpp"
#include "cli/command_tree.hpp"
#include "cli/text.hpp"
#include "ingest/line_source.hpp"

namespace strata::cli {
namespace {

int apply_changes(Session& session, const std::string& path) {
  ingest::LineSource lines(path);
  const std::vector<Change> changes =
      read_changes(lines.name(), [&](std::string_view& line) { return lines.next(line); });
  CommitResult commit;
  const ChangesMade made = session.store(Session::Access::create)
                               .transact([&](Transaction& transaction) { return make_changes(transaction, changes); },
                                         session.commit_options(), &commit);
  std::vector<Value> added(made.added.begin(), made.added.end());
  write_sheet(session.display(), {{"position", Value(commit.position.value)},
                                  {"puts", Value(made.puts), human_count(made.puts)},
                                  {"deletes", Value(made.deletes), human_count(made.deletes)},
                                  {"absent", Value(made.absent), human_count(made.absent)},
                                  {"appends", Value(made.appends), human_count(made.appends)},
                                  {"repeated", Value(made.repeated), human_count(made.repeated)},
                                  {"enqueued", Value(made.enqueued), human_count(made.enqueued)},
                                  {"linked", Value(made.linked), human_count(made.linked)},
                                  {"unlinked", Value(made.unlinked), human_count(made.unlinked)},
                                  {"added", Value::array(added), added.empty() ? "none" : join(made.added, ", ")}});
  return exit_done;
}

}  // namespace

void add_apply_command(CommandTree& tree) {
  CLI::App& command = tree.add(
      {"apply", "FILE|-",
       "Make all changes of a file in one transaction, or none. Each line is one of {\"op\":\"put\",\"collection\":C,"
       "\"key\":K,\"value\":V,\"if_version\":N,\"ttl\":SPAN} (without a key one is made), "
       "{\"op\":\"delete\",\"collection\":C,\"key\":K,\"if_version\":N}, "
       "{\"op\":\"append\",\"stream\":S,\"type\":T,\"payload\":V,\"expect\":N|\"none\"|\"exists\",\"metadata\":V,"
       "\"id\":I,\"correlation\":C,\"causation\":C}, "
       "{\"op\":\"enqueue\",\"queue\":Q,\"payload\":V,\"priority\":N,\"delay\":SPAN,\"at\":TIME,\"dedup\":K,"
       "\"order_key\":K,\"every\":SPAN}, "
       "{\"op\":\"link\",\"from\":A,\"type\":T,\"to\":B,\"value\":V,\"if_version\":N} and "
       "{\"op\":\"unlink\",\"from\":A,\"type\":T,\"to\":B,\"if_version\":N}",
       "echo '{\"op\":\"put\",\"collection\":\"notes\",\"key\":\"n1\",\"value\":{\"text\":\"hi\"}}' | strata apply -",
       "Data in and out"},
      {nullptr, true, true});
  auto path = std::make_shared<std::string>();
  command.add_option("FILE", *path, "JSON Lines (also compressed), or - for standard input")->required()->type_name("");
  tree.on_run(command, [path](Session& session) { return apply_changes(session, *path); });
}

}  // namespace strata::cli
