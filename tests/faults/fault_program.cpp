// The program whose calls fail: a fixed run of commits, each with its outcome on the page shared with the test.
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>

#include "platform/random.hpp"
#include "strata/strata.hpp"
#include "tests/faults/fault_run.hpp"
#include "tests/faults/shared_page.hpp"

namespace strata::faults {
namespace {

constexpr unsigned patience_s = 120;

class Run {
 public:
  Run(Page& page, const char* url) : page_(page), url_(url) {
    for (std::uint32_t step = 0; step < steps_max; ++step) {
      const Uuid id = platform::make_uuid();
      std::copy(id.bytes.begin(), id.bytes.end(), page_.steps[step].id);
    }
  }

  void play() {
    session(1, {.background = false}, [&](Store& store) {
      for (std::uint32_t number = 1; number <= 4; ++number) commit(store, number);
      declare(store);
      for (std::uint32_t number = 5; number <= 8; ++number) commit(store, number);
      attempt(step_compact, [&] { store.compact(); });
    });
    session(2, {}, [&](Store& store) {
      for (std::uint32_t number = 9; number <= 12; ++number) commit(store, number);
      commit_behind(store, 13);
      attempt(step_read, [&] { store.collection("notes").find({.where = "kind = 1"}); });
      commit(store, 14);
    });
  }

 private:
  template <class Work>
  void attempt(std::uint32_t number, Work work) {
    Step& step = page_.steps[number];
    step.session = session_;
    step.outcome = Outcome::tried;
    try {
      work();
      step.outcome = Outcome::acknowledged;
    } catch (const Error& error) {
      fail(step, static_cast<std::uint32_t>(error.code()), error.what());
    } catch (const std::exception& error) {
      fail(step, no_code, error.what());
    }
  }

  static void fail(Step& step, std::uint32_t code, const char* message) {
    step.code = code;
    std::strncpy(step.message, message, sizeof step.message - 1);
    step.outcome = Outcome::failed;
  }

  template <class Work>
  void session(std::uint32_t number, OpenOptions options, Work work) {
    session_ = number;
    std::optional<Store> store;
    attempt(number == 1 ? step_open : step_reopen, [&] { store = Store::open(url_, options); });
    if (!store) return;
    work(*store);
    attempt(number == 1 ? step_close : step_close_again, [&] { store->close(); });
  }

  Uuid id_of(std::uint32_t number) const {
    Uuid id;
    std::copy_n(page_.steps[number].id, id.bytes.size(), id.bytes.begin());
    return id;
  }

  void commit(Store& store, std::uint32_t number) {
    attempt(number, [&] {
      store.transact([&](Transaction& transaction) { write_step(transaction, number); },
                     {.durability = {}, .timeout = {}, .id = id_of(number)});
    });
  }

  void commit_behind(Store& store, std::uint32_t number) {
    attempt(number, [&] {
      store
          .commit_async([&](Transaction& transaction) { write_step(transaction, number); },
                        {.durability = {}, .timeout = {}, .id = id_of(number)})
          .get();
    });
  }

  void declare(Store& store) {
    attempt(step_index, [&] { store.collection("notes").create_index({.name = "kind", .fields = {{"kind", false}}}); });
    attempt(step_history, [&] {
      store.collection("audit").set_options(
          {.history = {.enabled = true, .keep_for = {}, .keep_count = {}}, .time_to_live = {}});
    });
  }

  Page& page_;
  const char* url_;
  std::uint32_t session_ = 0;
};

}  // namespace
}  // namespace strata::faults

int main(int count, char** words) {
  strata::faults::Page* const page = strata::faults::map_page();
  if (page == nullptr || count != 2) return 2;
  ::alarm(strata::faults::patience_s);
  strata::faults::Run run(*page, words[1]);
  page->armed = true;
  run.play();
  page->armed = false;
  return 0;
}
