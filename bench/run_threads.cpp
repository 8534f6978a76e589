#include "bench/run_threads.hpp"

#include <barrier>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace strata::bench {

Run run_threads(std::size_t count, const std::function<Run(std::size_t number)>& work) {
  Run all;
  std::mutex mutex;
  std::exception_ptr failure;
  std::barrier start(static_cast<std::ptrdiff_t>(count));
  std::vector<std::thread> running;
  for (std::size_t number = 0; number < count; ++number) {
    running.emplace_back([&, number] {
      try {
        start.arrive_and_wait();
        const Run run = work(number);
        const std::scoped_lock lock(mutex);
        all.join(run);
      } catch (const std::exception&) {
        const std::scoped_lock lock(mutex);
        failure = std::current_exception();
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  if (failure) std::rethrow_exception(failure);
  return all;
}

}  // namespace strata::bench
