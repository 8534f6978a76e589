// The program whose calls fail while it indexes vectors and words, and searches.
#include <unistd.h>

#include <cstring>

#include "tests/faults/shared_page.hpp"
#include "tests/faults/view_fault_run.hpp"

namespace strata::faults {
namespace {

constexpr unsigned patience_s = 120;

template <class Work>
void attempt(Step& step, Work work) {
  step.outcome = Outcome::tried;
  const auto fail = [&step](std::uint32_t code, const char* message) {
    step.code = code;
    std::strncpy(step.message, message, sizeof step.message - 1);
    step.outcome = Outcome::failed;
  };
  try {
    work();
    step.outcome = Outcome::acknowledged;
  } catch (const Error& error) {
    fail(static_cast<std::uint32_t>(error.code()), error.what());
  } catch (const std::exception& error) {
    fail(no_code, error.what());
  }
}

void play(Page& page, const char* url) {
  Store store = Store::open(url, {.background = false});
  Collection notes = store.collection("notes");
  declare_views(notes);
  put_notes(store);
  page.armed = true;
  attempt(page.steps[step_build], [&] { static_cast<void>(notes.build_search()); });
  attempt(page.steps[step_vectors], [&] { check_vectors(notes); });
  attempt(page.steps[step_words], [&] { check_words(notes); });
  page.armed = false;
  attempt(page.steps[step_put], [&] { notes.put("later", note(0, "later")); });
}

}  // namespace
}  // namespace strata::faults

int main(int count, char** words) {
  strata::faults::Page* const page = strata::faults::map_page();
  if (page == nullptr || count != 2) return 2;
  ::alarm(strata::faults::patience_s);
  strata::faults::play(*page, words[1]);
  return 0;
}
