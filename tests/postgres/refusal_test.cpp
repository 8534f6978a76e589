// What is wrong is said in one clear line, without secrets, when a store on PostgreSQL cannot be opened or written.
#include "tests/postgres/refusal.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "platform/scratch_directory.hpp"
#include "strata/strata.hpp"
#include "tests/postgres/connection.hpp"
#include "tests/postgres/postgres_server.hpp"
#include "tests/postgres/program.hpp"
#include "tests/postgres/proxy.hpp"
#include "tests/postgres/shared_server.hpp"

namespace strata {
namespace {

using outside::Connection;
using outside::fresh_store_name;
using outside::PostgresServer;
using outside::PostgresStore;
using outside::Proxy;
using outside::shared_server;

/// The caller has to change the call, or the server's owner his server.
const std::vector<ErrorCode> wrong{ErrorCode::invalid_argument, ErrorCode::unsupported, ErrorCode::not_found};

Error refusal_at(const std::string& url, const OpenOptions& options = {}) {
  return error_of([&] { Store::open(url, options); });
}

/// A user of the shared server with a password, gone at the end.
class User {
 public:
  explicit User(const std::string& more = "") : name_(fresh_store_name()) {
    // Rights on a database cannot be changed by two at once, and other tests run beside this one.
    administrator_.ask("SELECT pg_advisory_lock(17)");
    administrator_.ask("CREATE ROLE " + name_ + " LOGIN PASSWORD '" + secret + "' " + more);
  }
  ~User() {
    administrator_.ask("DROP OWNED BY " + name_);
    administrator_.ask("DROP ROLE " + name_);
  }
  User(const User&) = delete;
  User& operator=(const User&) = delete;

  static constexpr const char* secret = "OpenSesame17";
  const std::string& name() const { return name_; }
  std::string with(const std::string& password) const { return name_ + ":" + password; }
  Connection& administrator() { return administrator_; }

 private:
  std::string name_;
  Connection administrator_{shared_server().parameters()};
};

TEST(PostgresRefusals, AUrlThatIsNoneIsToldFromTheRest) {
  const std::string good = shared_server().url();
  for (const std::string& url :
       {std::string("postgres:"), std::string("postgres:/some/directory?store=a"),
        good + "?store=", good + "?store=a&no_such_parameter=1", good + "?store=" + std::string(300, 'a'),
        std::string("postgres://strata@127.0.0.1:port/postgres?store=a"), good + "?store=a&sslmode=perhaps",
        good + "?store=a&patience_ms=soon"}) {
    EXPECT_TRUE(is_clear(refusal_at(url), {.codes = {ErrorCode::invalid_argument}})) << url;
  }
}

TEST(PostgresRefusals, AnUnknownParameterIsNamed) {
  EXPECT_TRUE(is_clear(refusal_at(shared_server().url() + "?store=a&cache_bites=1M"),
                       {.codes = {ErrorCode::invalid_argument}, .words = {"cache_bites"}}));
}

TEST(PostgresRefusals, AnUnknownParameterIsNamedButNotThePasswordInTheSameUrl) {
  const User user;
  const std::string url = shared_server().url(user.with(User::secret)) + "?store=a&cache_bites=1M";
  EXPECT_TRUE(is_clear(refusal_at(url), {.codes = {ErrorCode::invalid_argument}, .secrets = {User::secret}}));
  for (const char* broken : {"?store=a&store=b", "?store=%zz", "?store", "?=1"}) {
    EXPECT_TRUE(is_clear(refusal_at(shared_server().url(user.with(User::secret)) + broken),
                         {.codes = {ErrorCode::invalid_argument}, .secrets = {User::secret}}))
        << broken;
  }
}

TEST(PostgresRefusals, AWrongPasswordIsSaidToBeOneAndNotTold) {
  const User user;
  const std::string url = shared_server().url(user.with("GuessedSecret99")) + "?store=" + user.name();
  EXPECT_TRUE(
      is_clear(refusal_at(url),
               {.codes = wrong, .words = {"password", user.name(), "127.0.0.1"}, .secrets = {"GuessedSecret99"}}));
}

TEST(PostgresRefusals, AMissingPasswordIsAskedFor) {
  const User user;
  EXPECT_TRUE(is_clear(refusal_at(shared_server().url(user.name()) + "?store=" + user.name()),
                       {.codes = wrong, .words = {"password"}}));
}

TEST(PostgresRefusals, ADatabaseThatIsNotThereIsNamed) {
  const std::string url = outside::postgres_url(shared_server().port, "strata", "no_such_database") + "?store=a";
  EXPECT_TRUE(is_clear(refusal_at(url), {.codes = wrong, .words = {"no_such_database"}}));
}

TEST(PostgresRefusals, AStoreThatIsNotThereIsNotFoundWhenItMayNotBeMade) {
  const std::string name = fresh_store_name();
  OpenOptions options;
  options.create = false;
  EXPECT_TRUE(is_clear(refusal_at(shared_server().url() + "?store=" + name, options),
                       {.codes = {ErrorCode::not_found}, .words = {name}}));
  options.create = true;
  options.read_only = true;
  EXPECT_TRUE(is_clear(refusal_at(shared_server().url() + "?store=" + name, options),
                       {.codes = {ErrorCode::not_found}, .words = {name}}));
}

TEST(PostgresRefusals, AMissingRightIsNamed) {
  User user;
  const std::string mine = shared_server().url(user.with(User::secret)) + "?store=";
  EXPECT_TRUE(is_clear(refusal_at(mine + user.name()),
                       {.codes = wrong, .words = {"permission denied"}, .secrets = {User::secret}}));
  const PostgresStore theirs;
  Store::open(theirs.url()).collection("c").put("k", 1);
  EXPECT_TRUE(is_clear(refusal_at(mine + theirs.name()),
                       {.codes = wrong, .words = {"permission denied"}, .secrets = {User::secret}}));
}

TEST(PostgresRefusals, AUserWithTheRightToMakeSchemasNeedsNoOther) {
  User user;
  user.administrator().ask("GRANT CREATE ON DATABASE postgres TO " + user.name());
  const std::string url = shared_server().url(user.with(User::secret)) + "?store=" + user.name();
  Store store = Store::open(url);
  store.collection("c").put("k", 1);
  EXPECT_EQ(Store::open(url).collection("c").get("k")->value.as_int(), 1);
  EXPECT_EQ(store.verify().problems, std::vector<std::string>{});
}

TEST(PostgresRefusals, AUserWithAnEmptySchemaOfItsOwnNeedsNoRightToMakeOne) {
  User user;
  user.administrator().ask("CREATE SCHEMA " + user.name() + " AUTHORIZATION " + user.name());
  Store store = Store::open(shared_server().url(user.with(User::secret)) + "?store=" + user.name());
  store.collection("c").put("k", 1);
  EXPECT_EQ(store.verify().problems, std::vector<std::string>{});
}

TEST(PostgresRefusals, ThePasswordIsNowhereInWhatAStoreTellsOfItself) {
  User user;
  user.administrator().ask("GRANT CREATE ON DATABASE postgres TO " + user.name());
  const std::string url = shared_server().url(user.with(User::secret)) + "?store=" + user.name();
  Store store = Store::open(url);
  store.collection("c").put("k", 1);
  const StoreDescription description = store.describe();
  EXPECT_NE(description.url.find(user.name()), std::string::npos) << description.url;
  EXPECT_EQ(description.url.find(User::secret), std::string::npos) << description.url;
  EXPECT_EQ(description.directory.find(User::secret), std::string::npos);
  for (const auto& [name, value] : store.statistics().engine_details)
    EXPECT_EQ((name + value).find(User::secret), std::string::npos) << name;
  EXPECT_EQ(user.administrator().ask("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%" +
                                     std::string(User::secret).substr(1) + "%' AND pid <> pg_backend_pid()"),
            "0");
}

#ifdef STRATA_BINARY
TEST(PostgresRefusals, TheCommandPrintsNoPassword) {
  User user;
  user.administrator().ask("GRANT CREATE ON DATABASE postgres TO " + user.name());
  const std::string url = shared_server().url(user.with(User::secret)) + "?store=" + user.name();
  Store::open(url).collection("c").put("k", 1);
  const platform::ScratchDirectory scratch;
  const auto output_of = [&](const std::string& verb, const std::string& at) {
    const std::string file = scratch / verb;
    outside::Program({.arguments = {STRATA_BINARY, "-s", at, verb}, .user = {}, .output_file = file}).wait();
    std::ostringstream all;
    all << std::ifstream(file).rdbuf();
    return all.str();
  };
  for (const char* verb : {"info", "stats", "verify"}) {
    const std::string said = output_of(verb, url);
    EXPECT_FALSE(said.empty()) << verb;
    EXPECT_EQ(said.find(User::secret), std::string::npos) << said;
  }
  EXPECT_NE(output_of("info", url).find(user.name()), std::string::npos);
  const std::string refused = output_of("info", shared_server().url(user.with("GuessedSecret99")) + "?store=a");
  EXPECT_EQ(refused.find("GuessedSecret99"), std::string::npos) << refused;
}
#endif

TEST(PostgresRefusals, AServerThatIsNotThereIsBusyAndNamed) {
  const int port = outside::free_port();
  EXPECT_TRUE(is_clear(refusal_at(outside::postgres_url(port) + "?store=a&patience_ms=200"),
                       {.codes = {ErrorCode::busy}, .words = {"127.0.0.1", std::to_string(port)}}));
}

TEST(PostgresRefusals, AHostThatIsNotKnownIsNamed) {
  EXPECT_TRUE(is_clear(refusal_at("postgres://strata@no-such-host.invalid/db?store=a&patience_ms=200"),
                       {.codes = {ErrorCode::busy, ErrorCode::invalid_argument}, .words = {"no-such-host.invalid"}}));
}

TEST(PostgresRefusals, AServerWithoutTlsIsRefusedByAClientThatRequiresIt) {
  EXPECT_TRUE(
      is_clear(refusal_at(shared_server().url() + "?store=a&sslmode=require"), {.codes = wrong, .words = {"ssl"}}));
}

TEST(PostgresRefusals, TlsIsRequiredAndCheckedAsTheUrlSays) {
  const PostgresServer server({.access = {"hostnossl all all 127.0.0.1/32 reject"}, .certificate = true});
  const std::string url = server.url() + "?store=a";
  EXPECT_TRUE(is_clear(refusal_at(url + "&sslmode=disable"), {.codes = wrong, .words = {"encryption"}}));
  EXPECT_TRUE(is_clear(refusal_at(url + "&sslmode=verify-full&sslrootcert=/nonexistent/root.crt"),
                       {.codes = wrong, .words = {"/nonexistent/root.crt"}}));
  Store::open(url + "&sslmode=require").collection("c").put("k", 1);
  const platform::ScratchDirectory scratch;
  const std::string certificate = scratch / "root.crt";
  std::ofstream(certificate) << std::ifstream(server.directory() + "/server.crt").rdbuf();
  Store store = Store::open(url + "&sslmode=verify-full&sslrootcert=" + certificate);
  EXPECT_EQ(store.collection("c").get("k")->value.as_int(), 1);
  EXPECT_EQ(server.ask("SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE client_port > 0"),
            "t");
}

TEST(PostgresRefusals, AServerThatDoesNotSyncIsRefused) {
  PostgresServer server({.settings = {{"fsync", "off"}}});
  EXPECT_TRUE(is_clear(refusal_at(server.url() + "?store=a"), {.codes = {ErrorCode::unsupported}, .words = {"fsync"}}));
  server.set("fsync", "on");
  server.reload();
  Store::open(server.url() + "?store=a").collection("c").put("k", 1);
}

TEST(PostgresRefusals, AServerThatIsTooOldIsRefused) {
  // An old server is not at hand: this one says that it is one.
  Proxy proxy(shared_server().port);
  const std::string version = Connection(shared_server().parameters()).ask("SHOW server_version").substr(0, 2);
  proxy.rewrite(std::string("server_version\0", 15) + version, std::string("server_version\0", 15) + "09");
  const PostgresStore store;
  EXPECT_TRUE(is_clear(refusal_at(store.url_through(proxy.port()) + "&sslmode=disable"),
                       {.codes = {ErrorCode::unsupported}, .words = {"9."}}));
}

/// A small disk that the server writes to; seen by this process and those that it starts from now on, and gone with
/// them.
bool mount_small_disk(const std::string& path) {
  constexpr const char* options = "size=12m,mode=0777";
  return ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("none", path.c_str(), "tmpfs", 0, options) == 0;
}

TEST(PostgresRefusals, AFullDiskOfTheServerIsNamedAndWhatWasAcknowledgedStays) {
  char place[] = "/tmp/strata-disk-XXXXXX";
  ASSERT_NE(::mkdtemp(place), nullptr);
  struct Remove {
    const char* path;
    ~Remove() {
      ::umount2(path, MNT_DETACH);
      ::rmdir(path);
    }
  } const remove{place};
  if (!mount_small_disk(place)) GTEST_SKIP() << "only root may mount the small disk that this test fills";
  const std::string tablespace = std::string(place) + "/tablespace";
  ASSERT_EQ(::mkdir(tablespace.c_str(), 0700), 0);
  const PostgresServer server;
  if (!server.system_user().empty()) outside::give_to(tablespace, server.system_user());
  server.ask("CREATE TABLESPACE small LOCATION '" + tablespace + "'");
  server.ask("ALTER DATABASE postgres SET default_tablespace = small");
  const std::string url = server.url() + "?store=a";
  std::uint64_t acknowledged = 0;
  std::optional<Error> refusal;
  {
    Store store = Store::open(url);
    std::string noise;
    for (std::uint32_t state = 1; noise.size() < 200'000;)
      noise += std::to_string(state = state * 1664525 + 1013904223);
    while (!refusal && acknowledged < 1000) {
      try {
        store.collection("c").put(std::to_string(acknowledged), noise + std::to_string(acknowledged));
        ++acknowledged;
      } catch (const Error& error) {
        refusal = error;
      }
    }
    ASSERT_TRUE(refusal) << "the disk was never full";
    EXPECT_TRUE(is_clear(*refusal, {.codes = {ErrorCode::io, ErrorCode::limit_exceeded, ErrorCode::busy},
                                    .words = {"No space left on device"}}));
  }
  ASSERT_GT(acknowledged, 0u);
  ASSERT_EQ(::mount("none", place, "tmpfs", MS_REMOUNT, "size=64m"), 0);
  Store store = Store::open(url);
  EXPECT_EQ(store.collection("c").count(), acknowledged);
  store.collection("c").put("after", 1);
  EXPECT_EQ(store.position().value, acknowledged + 1);
  EXPECT_EQ(store.verify().problems, std::vector<std::string>{});
}

}  // namespace
}  // namespace strata
