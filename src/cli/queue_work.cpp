// queue work: a program run for each item, its answer and the end of the item in one commit.
#include <algorithm>
#include <memory>

#include "cli/arguments.hpp"
#include "cli/command_tree.hpp"
#include "cli/system.hpp"
#include "ingest/subprocess.hpp"
#include "strata/error.hpp"

namespace strata::cli {
namespace {

// A wait is renewed this often, to look whether Ctrl-C was pressed.
constexpr std::chrono::milliseconds wait_time{500};
constexpr std::size_t error_bytes_max = 500;

struct WorkArguments {
  std::string queue;
  std::string into;
  std::string key;
  std::string lease = "30s";
  std::string wait;
  std::string consumer;
  std::vector<std::string> program;
  std::uint64_t limit = 0;
};

/// Text as it is, anything else as JSON.
std::string input_of(const Value& payload) {
  if (payload.type() == ValueType::string) return std::string(payload.as_string());
  return payload.to_json() + '\n';
}

/// JSON where the program wrote JSON, else its text without the last line break.
Value output_value(std::string output) {
  while (output.ends_with('\n')) output.pop_back();
  try {
    return Value::from_json(output);
  } catch (const Error&) {
    return Value(output);  // UTF-8 is asked for here
  }
}

class Worker {
 public:
  Worker(Session& session, const WorkArguments& arguments)
      : session_(session),
        arguments_(arguments),
        lease_(std::chrono::ceil<std::chrono::milliseconds>(parse_span("--lease", arguments.lease))) {
    if (!arguments.wait.empty()) patience_ = parse_span("--wait", arguments.wait);
  }

  int run() {
    const InterruptGuard interrupt;
    const auto rows = make_row_writer({session_.out(), Format::jsonl});
    auto idle_since = std::chrono::steady_clock::now();
    std::uint64_t worked = 0;
    while (!interrupt.requested() && (arguments_.limit == 0 || worked < arguments_.limit)) {
      const auto wait =
          patience_ ? std::min(wait_time, std::chrono::ceil<std::chrono::milliseconds>(*patience_)) : wait_time;
      const std::vector<Lease> taken = queue().take({.lease = lease_, .wait = wait, .consumer = arguments_.consumer});
      if (taken.empty()) {
        if (patience_ && std::chrono::steady_clock::now() - idle_since >= *patience_) break;
        continue;
      }
      work_on(taken.front(), *rows);
      session_.out() << std::flush;
      ++worked;
      idle_since = std::chrono::steady_clock::now();
    }
    return exit_done;
  }

 private:
  Queue queue() { return session_.store(Session::Access::create).queue(arguments_.queue); }

  void work_on(const Lease& lease, RowWriter& rows) {
    ingest::SubprocessResult result;
    try {
      result = ingest::run_subprocess(arguments_.program, input_of(lease.item.payload),
                                      std::max(lease_ / 3, std::chrono::milliseconds(1)),
                                      [&] { queue().extend(lease, lease_); });
      if (result.exit_code == 127)
        throw UsageError("queue work: there is no program `" + arguments_.program.front() + "`");
      if (result.exit_code == 0) {
        finish(lease, result.output);
      } else {
        queue().fail(lease, {.error = "exit code " + std::to_string(result.exit_code)});
      }
    } catch (const Error& error) {
      // Another has it since, for this one was too slow: what it does counts.
      if (error.code() != ErrorCode::conflict) throw;
      session_.error() << "strata: " << std::string(error.what()).substr(0, error_bytes_max) << '\n';
      return;
    } catch (const UsageError&) {
      queue().give_back(lease);
      throw;
    }
    rows.write({{"id", Value(lease.item.id)},
                {"exit_code", Value(result.exit_code)},
                {"attempts", Value(lease.item.attempts)}});
  }

  void finish(const Lease& lease, const std::string& output) {
    session_.store(Session::Access::change)
        .transact(
            [&](Transaction& transaction) {
              if (!arguments_.into.empty()) {
                transaction.collection(arguments_.into).put(key_for(lease.item), output_value(output));
              }
              transaction.queue(arguments_.queue).done(lease);
            },
            session_.commit_options());
  }

  std::string key_for(const QueueItem& item) const {
    if (arguments_.key.empty()) return item.id;
    const ValueView found = item.payload.at(arguments_.key);
    if (found.is_missing()) return item.id;
    return found.type() == ValueType::string ? std::string(found.as_string()) : found.to_json();
  }

  Session& session_;
  const WorkArguments& arguments_;
  std::chrono::milliseconds lease_;
  std::optional<std::chrono::microseconds> patience_;
};

}  // namespace

void add_queue_work(CommandTree& tree, CLI::App& queue) {
  CLI::App& command =
      tree.add({"work", "QUEUE [OPTIONS] -- PROGRAM [ARGUMENT...]",
                "Run a program for each item: the payload on its standard input; exit code 0 means done, anything else "
                "failed. With --into, what it writes is kept in the same commit that ends the item: exactly once",
                "strata queue work pages --into digests -- sha256sum", "Commands"},
               {.parent = &queue, .rows = false, .writes = true});
  auto arguments = std::make_shared<WorkArguments>();
  command.add_option("QUEUE", arguments->queue, "The queue")->required();
  command.add_option("--into", arguments->into, "Keep the output here: as JSON if it is that, else as text")
      ->type_name("COLLECTION");
  command
      .add_option("--key", arguments->key, "Under this field of the payload; else, or without it, under the item's id")
      ->type_name("FIELD");
  command.add_option("--lease", arguments->lease, "How long a worker that has died keeps its item (30s)")
      ->type_name("SPAN");
  command.add_option("--wait", arguments->wait, "End when nothing came for so long; else go on until Ctrl-C")
      ->type_name("SPAN");
  command.add_option("--consumer", arguments->consumer, "Who works; shown to others")->type_name("NAME");
  command.add_option("--limit", arguments->limit, "End after so many items")->type_name("N");
  command.add_option("PROGRAM", arguments->program, "The program and its arguments, behind `--`")->expected(-1);
  tree.on_run(command, [arguments](Session& session) {
    if (arguments->program.empty()) throw UsageError("queue work: name the program after `--`: ... -- sha256sum");
    return Worker(session, *arguments).run();
  });
}

}  // namespace strata::cli
