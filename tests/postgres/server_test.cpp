// What the other tests rely on: servers that go and come back, and leave nothing behind; a network that fails.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "tests/postgres/connection.hpp"
#include "tests/postgres/frontend_messages.hpp"
#include "tests/postgres/postgres_server.hpp"
#include "tests/postgres/program.hpp"
#include "tests/postgres/proxy.hpp"
#include "tests/postgres/server_guard.hpp"

namespace strata::outside {
namespace {

namespace fs = std::filesystem;

std::string through(int port) {
  return "host=127.0.0.1 user=strata dbname=postgres sslmode=disable port=" + std::to_string(port);
}

TEST(PostgresServer, ComesBackOnItsPortWithWhatWasCommitted) {
  PostgresServer server;
  server.ask("CREATE TABLE t (n int)");
  server.ask("INSERT INTO t VALUES (7)");
  server.stop(PostgresServer::Shutdown::immediate);
  EXPECT_THROW(Connection(through(server.port())), std::runtime_error);
  server.set("max_connections", "23");
  server.start();
  Connection again(through(server.port()));
  EXPECT_EQ(again.ask("SELECT n FROM t"), "7");
  EXPECT_EQ(again.ask("SHOW max_connections"), "23");
}

TEST(PostgresServer, IsGoneWithItsDirectoryWhenItsOwnerIsKilled) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t owner = ::fork();
  if (owner == 0) {
    const PostgresServer server;
    const std::string directory = server.directory() + '\n';
    if (::write(ends[1], directory.data(), directory.size()) < 0) ::_exit(1);
    for (;;) ::pause();
  }
  std::string directory;
  for (char letter = 0; ::read(ends[0], &letter, 1) == 1 && letter != '\n';) directory += letter;
  const int server = server_process(directory);
  EXPECT_GT(server, 0);
  ::kill(owner, SIGKILL);
  EXPECT_EQ(::waitpid(owner, nullptr, 0), owner);
  while (fs::exists(directory)) std::this_thread::yield();
  std::error_code none;  // of what has ended and not been reaped only the number is left
  EXPECT_EQ(fs::read_symlink("/proc/" + std::to_string(server) + "/exe", none), fs::path());
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Proxy, LosesACommitOrItsAnswerAsToldAndCutsTheConnection) {
  const PostgresServer server;
  server.ask("CREATE TABLE t (n int)");
  Proxy proxy(server.port());
  for (const bool answer : {false, true}) {
    server.ask("TRUNCATE t");
    Connection client(through(proxy.port()));
    client.ask("BEGIN");
    client.ask("INSERT INTO t VALUES (1)");
    proxy.set_trap(answer ? Proxy::Trap::lose_answer : Proxy::Trap::lose_commit, 1);
    EXPECT_THROW(client.ask("COMMIT"), std::runtime_error);
    EXPECT_EQ(server.ask("SELECT count(*) FROM t"), answer ? "1" : "0");
    Connection next(through(proxy.port()));
    next.ask("BEGIN");
    next.ask("COMMIT");
  }
  EXPECT_EQ(proxy.sprung(), 2);
}

TEST(Proxy, CutsHoldsAndRefuses) {
  const PostgresServer server;
  Proxy proxy(server.port());
  Connection client(through(proxy.port()));
  EXPECT_EQ(client.ask("SELECT 1"), "1");
  proxy.cut();
  EXPECT_THROW(client.ask("SELECT 1"), std::runtime_error);
  proxy.refuse(true);
  EXPECT_THROW(Connection(through(proxy.port())), std::runtime_error);
  proxy.refuse(false);
  Connection held(through(proxy.port()));
  proxy.hold(Proxy::Direction::to_client, true);
  std::thread releasing([&] {
    while (server.ask("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT 2'") == "0")
      std::this_thread::yield();
    proxy.hold(Proxy::Direction::to_client, false);
  });
  EXPECT_EQ(held.ask("SELECT 2"), "2");
  releasing.join();
}

std::string message(char type, const std::string& body) {
  const std::size_t size = body.size() + 4;
  return std::string(1, type) + std::string(2, '\0') + static_cast<char>(size >> 8) + static_cast<char>(size) + body;
}

TEST(FrontendMessages, ACommitIsSeenWhereItRunsHoweverItIsSent) {
  using namespace std::string_literals;
  FrontendMessages messages;
  EXPECT_FALSE(messages.runs_commit("\0\0\0\x08\x04\xD2\x16\x2F"s));  // may we speak TLS?
  EXPECT_FALSE(messages.runs_commit("\0\0\0\x09\0\3\0\0\0"s));
  EXPECT_TRUE(messages.runs_commit(message('Q', "commit\0"s)));
  EXPECT_FALSE(messages.runs_commit(message('Q', "SELECT 'Q'\0"s)));
  EXPECT_FALSE(messages.runs_commit(message('Q', "BEGIN ISOLATION LEVEL READ COMMITTED\0"s)));
  EXPECT_FALSE(messages.runs_commit(message('Q', "SET LOCAL synchronous_commit = off\0"s)));
  EXPECT_TRUE(messages.runs_commit(message('Q', "UPDATE t SET n = 1; COMMIT;\0"s)));
  EXPECT_FALSE(messages.runs_commit(message('P', "c\0COMMIT\0\0\0"s)));
  EXPECT_FALSE(messages.runs_commit(message('B', "\0c\0\0\0\0\0\0\0"s)));
  EXPECT_TRUE(messages.runs_commit(message('E', "\0\0\0\0\0"s)));
  EXPECT_FALSE(messages.runs_commit(message('B', "\0other\0\0\0\0\0\0\0"s) + message('E', "\0\0\0\0\0"s)));
  const std::string whole = message('B', "\0c\0\0\0\0\0\0\0"s) + message('E', "\0\0\0\0\0"s);
  for (std::size_t i = 0; i + 1 < whole.size(); ++i) EXPECT_FALSE(messages.runs_commit(whole.substr(i, 1)));
  EXPECT_TRUE(messages.runs_commit(whole.substr(whole.size() - 1)));
}

}  // namespace
}  // namespace strata::outside
