// A saga: three steps, each a transaction with an undoing. One journey succeeds; of the other the last step fails, and
// the steps before it are undone. Had the process died between two steps, any other that runs this program would go on
// from there.
//
//   saga [STORE]      a path or URL such as sqlite:DIR; without one, a store in memory
#include <iostream>
#include <stdexcept>
#include <string>

#include "strata/strata.hpp"

namespace {

using namespace strata;
using agent::SagaContext;

void expect(bool held, const std::string& what) {
  if (!held) throw std::runtime_error("not as expected: " + what);
}

/// Takes one of what is left, or puts it back.
void move_stock(Transaction& transaction, const std::string& what, int by) {
  Collection stock = transaction.collection("stock");
  const auto left = stock.get(what);
  const std::int64_t count = (left ? left->value.as_int() : 0) + by;
  if (count < 0) throw std::runtime_error("no " + what + " is left");
  stock.put(what, count);
}

agent::SagaStep reserve(const std::string& what) {
  return {.name = what,
          .run =
              [what](SagaContext& context) {
                move_stock(context.transaction, what, -1);
                return Value(what + " for " + std::string(context.saga.input["who"].as_string()));
              },
          .compensate = [what](SagaContext& context) { move_stock(context.transaction, what, 1); }};
}

void travel(const std::string& url) {
  Store store = Store::open(url);
  store.collection("stock").put("flight", 5);
  store.collection("stock").put("hotel", 5);
  store.collection("stock").put("car", 1);

  agent::Sagas sagas(store);
  sagas.define("journey", {reserve("flight"), reserve("hotel"), reserve("car")});

  // Started together with the order; under an id of one's own a saga is started once, however often one tries.
  for (const std::string who : {"Ada", "Bob"}) {
    store.transact([&](Transaction& transaction) {
      transaction.collection("orders").put(who, Value::object({{"what", "journey"}}));
      sagas.start(transaction, "journey", Value::object({{"who", who}}), "journey of " + who);
    });
  }

  // Any number of processes may do this at once.
  while (const auto saga = sagas.run_next({.runner = "desk 1"})) {
    std::cout << saga->id << ": " << to_string(saga->status) << ' ' << saga->error << '\n';
    for (const agent::SagaStepState& step : saga->steps)
      std::cout << "  " << step.name << ": " << to_string(step.status) << ' ' << step.result.to_json() << '\n';
  }

  expect(sagas.get("journey of Ada")->status == agent::SagaStatus::done, "Ada travels");
  expect(sagas.get("journey of Bob")->status == agent::SagaStatus::compensated, "Bob stays at home");
  expect(store.collection("stock").get("hotel")->value.as_int() == 4, "and his room is free again");
  store.close();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    travel(argc > 1 ? argv[1] : "memory:");
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "saga: " << error.what() << '\n';
    return 1;
  }
}
