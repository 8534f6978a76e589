// Agents that know of each other: each registers what it can do, opens a session, keeps it alive with heartbeats, and
// is given its settings. One falls silent; the others see it.
//
//   sessions [STORE]      a path or URL such as sqlite:DIR; without one, a store in memory
#include <iostream>
#include <stdexcept>
#include <string>

#include "strata/strata.hpp"

namespace {

using namespace strata;
using std::chrono::milliseconds;

void expect(bool held, const std::string& what) {
  if (!held) throw std::runtime_error("not as expected: " + what);
}

void meet(const std::string& url) {
  Store store = Store::open(url);
  agent::Agents agents(store);
  agent::Sessions sessions(store);
  agent::Settings settings(store);

  // Settings belong to all; whoever follows them is told when they change.
  settings.set("model.name", "large");
  settings.set("model.temperature", 0.2);
  Subscription changes = store.subscribe({.collections = {agent::Settings::watch("model.")}});

  // Who is there, and who can do what.
  agents.put({.name = "ada", .kind = "writer", .capabilities = {"write", "translate"}});
  agents.put({.name = "bob", .kind = "scout", .capabilities = {"search"}});
  for (const agent::Agent& one : agents.find({.capability = "search"})) std::cout << one.name << " can search\n";

  // A session says that an agent is at work, and on what. Its state has a revision: two who set it at once are told.
  const std::string ada = sessions.open("ada", {.metadata = Value::object({{"host", "desk"}})});
  const std::string bob = sessions.open("bob", {.time_to_live = milliseconds(1)});
  const std::uint64_t revision = sessions.set_state(ada, "drafting");
  sessions.set_state(ada, "revising", revision);
  sessions.heartbeat(ada);
  std::cout << "ada is " << sessions.get(ada)->state.as_string() << '\n';

  // Bob promised a sign of life each millisecond, and gives none.
  while (sessions.get(bob)->live) store.wait_for_commit(store.position(), milliseconds(2));
  for (const agent::Session& gone : sessions.list({.live = false})) std::cout << gone.agent << " is gone\n";
  expect(sessions.list({.live = true}).size() == 1, "one session lives");

  // What an agent leaves behind goes in one commit with whatever else is to be written.
  store.transact([&](Transaction& transaction) {
    agent::Sessions(transaction).close(bob);
    agent::Agents(transaction).erase("bob");
    agent::Settings(transaction).set("model.name", "small");
    transaction.collection("journal").add(Value::object({{"text", "bob is gone; going on with a small model"}}));
  });
  std::optional<Change> change = changes.next();
  while (change && !change->record) change = changes.next();
  expect(change.has_value(), "the setting's change is told");
  const agent::Setting setting = agent::Settings::read(*change->record);
  std::cout << setting.key << " is now " << setting.value.to_json() << '\n';
  expect(settings.get_or("model.name", "none") == Value("small"), "the setting is changed");
  expect(agents.find().size() == 1, "one agent is registered");
  store.close();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    meet(argc > 1 ? argv[1] : "memory:");
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "sessions: " << error.what() << '\n';
    return 1;
  }
}
