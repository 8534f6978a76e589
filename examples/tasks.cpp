// A lead gives tasks to whoever has time; a worker takes them, tells how far it is, and finishes each in one commit
// with what came of it. The lead watches.
//
//   tasks [STORE]      a path or URL such as sqlite:DIR; without one, a store in memory
#include <iostream>
#include <stdexcept>
#include <string>

#include "strata/strata.hpp"

namespace {

using namespace strata;
using std::chrono::seconds;

void expect(bool held, const std::string& what) {
  if (!held) throw std::runtime_error("not as expected: " + what);
}

/// Works until there is nothing to do.
void work(Store& store, const std::string& name) {
  agent::Tasks tasks(store);
  while (const auto claim = tasks.claim({.agent = name, .kinds = {"summarize"}, .lease = seconds(60)})) {
    const std::string page(claim->task.payload["page"].as_string());
    if (page.empty()) {
      tasks.fail(*claim, "there is no page", {.retry = false});
      continue;
    }
    tasks.progress(*claim, 0.5, "read " + page);  // also renews the lease
    // The summary, and that the task is done: both or neither. If the claim has passed to another meanwhile, the commit
    // is a conflict, and nothing of it remains.
    store.transact([&](Transaction& transaction) {
      transaction.collection("summaries").put(page, "in short: " + page);
      agent::Tasks(transaction).complete(*claim, page);
    });
  }
}

void delegate(const std::string& url) {
  Store store = Store::open(url);
  agent::Tasks tasks(store);
  Subscription watch = store.subscribe({.collections = {agent::Tasks::watch()}});

  const std::string first = tasks.create("summarize", Value::object({{"page", "home"}}));
  tasks.create("summarize", Value::object({{"page", "news"}}), {.priority = 1});
  const std::string empty = tasks.create("summarize", Value::object({{"page", ""}}));
  const std::string unwanted = tasks.create("translate", "home", {.assigned_to = "bob"});
  tasks.cancel(unwanted, "nobody reads it");

  work(store, "ada");

  while (const auto change = watch.next(seconds(0))) {
    if (!change->record) continue;
    const agent::Task task = agent::Tasks::read(*change->record);
    std::cout << task.kind << ' ' << task.payload.to_json() << ": " << to_string(task.status) << ' ' << task.error
              << '\n';
  }
  std::cout << "\nwhat became of the first:\n";
  const agent::Task task = *tasks.get(first);
  for (const agent::TaskStep& step : task.history)
    std::cout << "  " << step.time.to_string() << ' ' << to_string(step.status) << ' ' << step.agent << '\n';

  expect(tasks.list({.status = agent::TaskStatus::done}).size() == 2, "two are done");
  expect(store.collection("summaries").count() == 2, "and have left a summary each");
  expect(tasks.get(empty)->status == agent::TaskStatus::failed, "one has failed");
  expect(tasks.get(unwanted)->status == agent::TaskStatus::cancelled, "one was cancelled");
  store.close();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    delegate(argc > 1 ? argv[1] : "memory:");
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "tasks: " << error.what() << '\n';
    return 1;
  }
}
