// Eight processes write one store on PostgreSQL while backends, the server and the network fail under them, and
// processes are killed and stand still: nothing that was acknowledged is lost, nothing is there twice.
#include <gtest/gtest.h>

#include <thread>

#include "platform/scratch_directory.hpp"
#include "tests/postgres/connection.hpp"
#include "tests/postgres/pgbouncer.hpp"
#include "tests/postgres/postgres_server.hpp"
#include "tests/postgres/proxy.hpp"
#include "tests/postgres/shared_server.hpp"
#include "tests/process/crew.hpp"
#include "tests/process/crew_verdict.hpp"
#include "tests/process/volume.hpp"

namespace strata {
namespace {

using outside::Connection;
using outside::PostgresServer;
using outside::PostgresStore;
using outside::Proxy;
using outside::shared_server;

class PostgresCrews : public testing::Test {
 protected:
  /// `usual` commits; the volume of a soak is thirty times that.
  CrewOptions options(const std::string& url, std::size_t usual) {
    CrewOptions options;
    options.url = url;
    options.notes_directory = directory_.path();
    options.seed = seed_;
    options.writers = 8;
    options.readers = 2;
    options.disturbed_readers = 1;
    options.commits = volume(usual, 30 * usual);
    options.commits_per_disturbance = options.commits / volume(12, 120);
    options.pause_max = std::chrono::milliseconds(volume(2500, 5000));  // longer than the fence
    options.commit_timeout = std::chrono::seconds(3);
    return options;
  }

  static void work(const CrewOptions& options, const std::string& url) {
    const CrewLog crew = Crew(options).work();
    print(crew);
    EXPECT_GT(crew.failures_outside, 0u);
    expect_nothing_lost_or_doubled(Store::open(url), options, crew);
  }

  platform::ScratchDirectory directory_;
  const std::uint64_t seed_ = test_seed();
};

TEST_F(PostgresCrews, LoseNothingWhenBackendsAreKilled) {
  SCOPED_TRACE(replay_command(seed_));
  const PostgresStore store;
  CrewOptions options = this->options(store.url() + "&application_name=" + store.name(), 600);
  std::size_t killed = 0;
  options.fail_outside = [&](std::mt19937_64& random) {
    Connection administrator(shared_server().parameters());
    // Some of them, whatever they are doing; and whoever is writing, now and then.
    const std::string whom = random() % 2 == 0 ? "random() < 0.3" : "state IN ('active', 'idle in transaction')";
    killed +=
        std::stoul(administrator.ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                                     "application_name = '" +
                                     store.name() + "' AND " + whom));
  };
  work(options, store.url());
  EXPECT_GT(killed, 0u);
}

TEST_F(PostgresCrews, LoseNothingWhenTheServerIsStoppedAtOnceAndStartedAgain) {
  SCOPED_TRACE(replay_command(seed_));
  PostgresServer server;
  CrewOptions options = this->options(server.url() + "?store=crew", 600);
  options.commits_per_disturbance = options.commits / volume(10, 100);
  options.some_relaxed = false;  // for them this is a power failure
  options.fail_outside = [&](std::mt19937_64& random) {
    server.stop(PostgresServer::Shutdown::immediate);
    if (random() % 2 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(random() % 1000));
    server.start();
  };
  work(options, options.url);
}

TEST_F(PostgresCrews, LoseNothingWhenConnectionsAreCutBetweenCommitAndAnswer) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the proxy has threads, and a child of fork() may find the sanitizer's locks held by them for ever";
#endif
  SCOPED_TRACE(replay_command(seed_));
  const PostgresStore store;
  Proxy proxy(shared_server().port);
  CrewOptions options = this->options(store.url_through(proxy.port()) + "&sslmode=disable", 600);
  options.fail_outside = [&](std::mt19937_64& random) {
    // Cutting alone would show nothing: traps until one has sprung.
    const auto choice = proxy.sprung() == 0 ? 1 + random() % 3 : random() % 4;
    if (choice == 0) return proxy.cut();
    proxy.set_trap(choice == 1 ? Proxy::Trap::lose_commit : Proxy::Trap::lose_answer,
                   1 + static_cast<int>(random() % 3));
  };
  work(options, store.url());
  EXPECT_GT(proxy.sprung(), 0);
}

TEST_F(PostgresCrews, WorkThroughPgBouncerInSessionMode) {
  SCOPED_TRACE(replay_command(seed_));
  if (!outside::PgBouncer::is_here()) GTEST_SKIP() << "no pgbouncer here (tools/setup)";
  const PostgresStore store;
  outside::PgBouncer bouncer(shared_server().port);
  CrewOptions options = this->options(store.url_through(bouncer.port()), 300);
  options.fail_outside = [&](std::mt19937_64&) {
    Connection(shared_server().parameters())
        .ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE '%" + store.name() +
             "%' AND pid <> pg_backend_pid() AND random() < 0.3");
  };
  work(options, options.url);
}

}  // namespace
}  // namespace strata
