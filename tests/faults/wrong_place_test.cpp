// Opening what is no store, not ours, not allowed, or in use elsewhere: a clear error, and nothing is touched.
#include <dlfcn.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "codec/head.hpp"
#include "platform/child_process.hpp"
#include "platform/process.hpp"
#include "tests/faults/any_engine.hpp"
#include "tests/faults/visitor.hpp"

namespace strata::faults {
namespace {

/// Stands for the file system of every path: what statfs(2) says its type is.
std::uint32_t pretended_file_system = 0;

}  // namespace
}  // namespace strata::faults

/// In place of the C library's, for this program.
extern "C" int statfs(const char* path, struct statfs* status) noexcept {
  static const auto real = reinterpret_cast<int (*)(const char*, struct statfs*)>(::dlsym(RTLD_NEXT, "statfs"));
  const int result = real(path, status);
  if (strata::faults::pretended_file_system != 0) status->f_type = strata::faults::pretended_file_system;
  return result;
}

namespace strata::faults {
namespace {

constexpr std::uint32_t nfs = 0x6969;
constexpr uid_t nobody = 65534;
constexpr int not_permitted = 77;

class WrongPlace : public AnyEngine {
 protected:
  /// Every file below the scratch directory with its content.
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_.path())) {
      found[entry.path()] = entry.is_regular_file() ? platform::read_file(entry.path()).value_or("") : "";
    }
    return found;
  }
};

TEST_P(WrongPlace, AnAbsentStoreIsNotMadeByReading) {
  EXPECT_TRUE(says(error_of([&] { open({.create = false}); }), ErrorCode::not_found, {place()}));
  EXPECT_TRUE(says(error_of([&] { open({.read_only = true}); }), ErrorCode::not_found, {place()}));
  EXPECT_TRUE(says(error_of([&] { Store::open(place(), {.create = false}); }), ErrorCode::not_found, {place()}));
  EXPECT_TRUE(files().empty());
}

TEST_P(WrongPlace, ADirectoryWithOtherFilesIsLeftAlone) {
  platform::make_directories(place());
  platform::replace_file(platform::join(place(), "photo.jpg"), "pixels");
  const auto before = files();
  EXPECT_TRUE(says(error_of([&] { open(); }), ErrorCode::invalid_argument, {place(), "photo.jpg"}));
  EXPECT_TRUE(says(error_of([&] { open({.create = false}); }), ErrorCode::not_found, {place()}));
  EXPECT_EQ(files(), before);
}

TEST_P(WrongPlace, AFileInPlaceOfTheDirectoryIsLeftAlone) {
  platform::replace_file(place(), "text");
  const auto before = files();
  EXPECT_TRUE(says(error_of([&] { open(); }), ErrorCode::invalid_argument, {place()}));
  EXPECT_TRUE(says(error_of([&] { open({.create = false}); }), ErrorCode::invalid_argument, {place()}));
  error_of([&] { Store::open(url() + "/below"); });
  EXPECT_EQ(files(), before);
}

TEST_P(WrongPlace, ANewerFormatIsRefused) {
  make_store();
  const std::string path = platform::join(place(), "STRATA");
  const std::string text = platform::read_file(path).value();
  platform::replace_file(path, "strata 999" + text.substr(text.find('\n')));
  const auto before = files();
  EXPECT_TRUE(says(error_of([&] { open(); }), ErrorCode::unsupported, {path, "999", "newer version"}));
  EXPECT_EQ(files(), before);
}

TEST_P(WrongPlace, ANewerFormatOfTheHeadIsRefused) {
  make_store();
  {
    engine::OpenRequest request;
    request.directory = place() + "/engine/1";
    request.store_directory = place();
    const auto engine = engine::open_engine(GetParam(), request);
    const auto transaction = engine->begin_write(engine::Deadline::max());
    codec::Head head = codec::decode_head(*transaction->get(engine::head_key));
    head.format = 999;
    transaction->put(engine::head_key, codec::encode_head(head));
    transaction->commit(engine::Durability::sync);
  }
  EXPECT_TRUE(says(error_of([&] { open(); }), ErrorCode::unsupported, {"999", "newer version"}));
}

TEST_P(WrongPlace, ADamagedSignpostIsNamed) {
  make_store();
  const std::string path = platform::join(place(), "STRATA");
  const std::string text = platform::read_file(path).value();
  for (std::size_t size = 0; size + 2 < text.size(); ++size) {
    platform::replace_file(path, text.substr(0, size));
    EXPECT_TRUE(says(error_of([&] { open(); }), ErrorCode::corruption, {path})) << "cut to " << size << " bytes";
  }
  for (const std::string nonsense : {"", "\n\n\n", "SQLite format 3", "strata one\n", "strata -1\nid x\n"}) {
    platform::replace_file(path, nonsense);
    EXPECT_TRUE(says(error_of([&] { open(); }), ErrorCode::corruption, {path})) << nonsense;
  }
  platform::replace_file(path, text);
  EXPECT_EQ(open().collection("notes").get("a")->value.as_int(), 1);
}

TEST_P(WrongPlace, AFlippedByteOfTheSignpostIsNoticed) {
  make_store();
  const std::string path = platform::join(place(), "STRATA");
  const std::string text = platform::read_file(path).value();
  const auto engine_files = platform::list_directory(platform::join(place(), "engine"));
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string damaged = text;
    damaged[at] ^= 2;
    platform::replace_file(path, damaged);
    const Error error = error_of([&] { Store::open(place()); });
    EXPECT_TRUE(error.code() == ErrorCode::corruption || error.code() == ErrorCode::unsupported)
        << "byte " << at << " of\n"
        << damaged << "gave " << to_string(error.code()) << ": " << error.what();
  }
  EXPECT_EQ(platform::list_directory(platform::join(place(), "engine")), engine_files) << "something was made";
  platform::replace_file(path, text);
  EXPECT_EQ(open().collection("notes").get("a")->value.as_int(), 1);
}

TEST_P(WrongPlace, AnEngineThatIsNotTheStoresIsRefusedByName) {
  make_store();
  for (const std::string& other : engines_with_files()) {
    if (other == GetParam()) continue;
    const auto before = files();
    EXPECT_TRUE(says(error_of([&] { Store::open(other + ":" + place()); }), ErrorCode::unsupported,
                     {GetParam(), other, place()}));
    EXPECT_EQ(files(), before);
  }
  EXPECT_EQ(Store::open(place()).describe().engine.name, GetParam()) << "a bare path means the engine that is there";
}

TEST_P(WrongPlace, AMalformedUrlIsRefusedAndMakesNothing) {
  for (const std::string bad : {"?a", "?=1", "?a=1&a=2", "?a=%zz", "?a=%4"}) {
    EXPECT_TRUE(says(error_of([&] { Store::open(url() + bad); }), ErrorCode::invalid_argument, {})) << bad;
  }
  EXPECT_TRUE(says(error_of([&] { Store::open(""); }), ErrorCode::invalid_argument, {}));
  EXPECT_TRUE(
      says(error_of([&] { Store::open(GetParam() + ":"); }), ErrorCode::invalid_argument, {GetParam() + ":DIR"}));
  EXPECT_TRUE(
      says(error_of([&] { Store::open("nosuch:" + place()); }), ErrorCode::unsupported, {"nosuch", GetParam() + ":"}));
  EXPECT_TRUE(files().empty());
}

TEST_P(WrongPlace, AnUnknownParameterIsRefusedByName) {
  EXPECT_TRUE(says(error_of([&] { Store::open(url() + "?nonsense=1"); }), ErrorCode::invalid_argument, {"nonsense"}));
  make_store();
  EXPECT_TRUE(says(error_of([&] { Store::open(url() + "?nonsense=1"); }), ErrorCode::invalid_argument, {"nonsense"}));
  EXPECT_EQ(open().verify().problems, std::vector<std::string>{});
}

TEST_P(WrongPlace, ANetworkFileSystemIsRefusedUnlessForced) {
  pretended_file_system = nfs;
  EXPECT_TRUE(says(error_of([&] { open(); }), ErrorCode::unsupported, {place(), "nfs", "local disk"}));
  open({.allow_network_file_system = true}).collection("notes").put("a", 1);
  EXPECT_TRUE(says(error_of([&] { open(); }), ErrorCode::unsupported, {place(), "nfs", "local disk"}));
  pretended_file_system = 0;
  EXPECT_EQ(open().collection("notes").get("a")->value.as_int(), 1);
}

void give_away(const std::string& path) {
  if (::getuid() == 0 && ::lchown(path.c_str(), nobody, nobody) != 0)
    throw std::runtime_error("cannot give away " + path);
}

void set_rights(const std::string& path, bool writable) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    give_away(entry.path());
    ::chmod(entry.path().c_str(), entry.is_directory() ? (writable ? 0700 : 0500) : (writable ? 0600 : 0400));
  }
  give_away(path);
  ::chmod(path.c_str(), writable ? 0700 : 0500);
}

TEST_P(WrongPlace, AReadOnlyDirectoryIsNamedAndLeftAsItIs) {
  make_store();
  const auto before = files();
  set_rights(directory_.path(), false);
  const std::string made = visit(GetParam() + ":" + (directory_ / "other"), {"nobody"});
  const std::string put = visit(url(), {"nobody", "put", "b"});
  set_rights(directory_.path(), true);
  EXPECT_TRUE(made.starts_with("io: ") && made.find(directory_.path()) != std::string::npos) << made;
  EXPECT_TRUE(put.starts_with("io: ") && put.find(place()) != std::string::npos) << put;
  EXPECT_EQ(files(), before);
}

TEST_P(WrongPlace, AReadOnlyDirectoryIsReadOrItsRightsAreNamed) {
  make_store();
  set_rights(directory_.path(), false);
  const std::string got = visit(url(), {"nobody", "read_only", "get", "a"});
  set_rights(directory_.path(), true);
  EXPECT_TRUE(got == "1" || (got.starts_with("io: ") && got.find(place()) != std::string::npos)) << got;
}

/// Fills a small disk of its own; the exit code says where it went wrong.
int play_full_disk(const engine::RoleArguments& arguments, engine::ParentLine&) {
  const std::string disk = arguments.at(1), url = arguments.at(0) + ":" + disk + "/store";
  if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("none", disk.c_str(), "tmpfs", 0, "size=12m") != 0) {
    return not_permitted;
  }
  platform::replace_file(disk + "/ballast", std::string(1 << 20, 'b'));
  const std::string body(20'000, 'x');
  int acknowledged = 0;
  const Error full = error_of([&] {
    Store store = Store::open(url);
    for (;; ++acknowledged) store.collection("notes").put("k" + std::to_string(acknowledged), body);
  });
  std::fprintf(stderr, "%d acknowledged, then %s: %s\n", acknowledged, std::string(to_string(full.code())).c_str(),
               full.what());
  if (acknowledged == 0) return 1;
  if (full.code() != ErrorCode::io && full.code() != ErrorCode::commit_unknown) return 2;
  platform::remove_file(disk + "/ballast");
  Store store = Store::open(url);
  const auto found = static_cast<int>(store.collection("notes").count());
  if (found < acknowledged || found > acknowledged + 1) return 3;
  if (!store.verify().problems.empty()) return 4;
  store.collection("notes").put("after", 1);
  return 0;
}
const bool full_disk_known = engine::register_role("full disk", play_full_disk);

TEST_P(WrongPlace, AFullDiskGivesIoAndLosesNothingAcknowledged) {
  const std::string disk = directory_ / "disk";
  platform::make_directories(disk);
  const int code = engine::ChildProcess("full disk", {GetParam(), disk}).wait();
  if (code == not_permitted) GTEST_SKIP() << "this user may not mount a small file system";
  EXPECT_EQ(code, 0);
}

TEST_P(WrongPlace, AForkedChildGetsClosedAndTheParentGoesOn) {
  Store store = open();
  Collection notes = store.collection("notes");
  notes.put("a", 1);
  Snapshot snapshot = store.snapshot();
  const int code =
      platform::ChildProcess([&] {
        const std::vector<std::function<void()>> calls{
            [&] { notes.get("a"); },
            [&] { notes.put("a", 2); },
            [&] { notes.find(); },
            [&] {
              notes.create_index({.name = {}, .fields = {{"n", false}}, .unique = false});
            },
            [&] { snapshot.collection("notes").get("a"); },
            [&] { store.transact([](Transaction& transaction) { transaction.collection("b").put("b", 1); }); },
            [&] {
              store.commit_async([](Transaction& transaction) { transaction.collection("b").put("b", 1); }).get();
            },
            [&] { store.snapshot(); },
            [&] { store.log(Position{0}); },
            [&] { store.describe(); },
            [&] { store.statistics(); },
            [&] { store.verify(); },
            [&] { store.compact(); },
            [&] { store.wait_for_commit(Position{1}, std::chrono::milliseconds(1)); }};
        int number = 0;
        for (const auto& call : calls) {
          ++number;
          const Error error = error_of(call);
          if (error.code() == ErrorCode::closed) continue;
          std::fprintf(stderr, "call %d gave %s: %s\n", number, std::string(to_string(error.code())).c_str(),
                       error.what());
          return number;
        }
        return 0;
      }).wait();
  EXPECT_EQ(code, 0) << "the number of the call that did not give `closed`";
  notes.put("a", 3);
  EXPECT_EQ(notes.get("a")->value.as_int(), 3);
  EXPECT_EQ(snapshot.collection("notes").get("a")->value.as_int(), 1);
  EXPECT_EQ(store.verify().problems, std::vector<std::string>{});
}

TEST_P(WrongPlace, ASecondCopyOfTheLibraryIsRefusedWhereItWouldDoHarm) {
  void* const library = ::dlopen(STRATA_SECOND_STORE, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << ::dlerror();
  const auto put = reinterpret_cast<const char* (*)(const char*)>(::dlsym(library, "put_through_second_copy"));
  ASSERT_NE(put, nullptr);
  Store store = open();
  store.collection("notes").put("a", 1);
  const std::string said = put(url().c_str());
  if (GetParam() == "lmdb") {
    EXPECT_NE(said.find("another copy of the Strata library"), std::string::npos) << said;
  } else if (serves_one_process(GetParam())) {
    EXPECT_NE(said.find("busy"), std::string::npos) << said;
  } else {
    EXPECT_EQ(said, "");
    EXPECT_EQ(store.collection("notes").get("second")->value.as_int(), 2);
  }
  store.collection("notes").put("b", 1);
  EXPECT_EQ(store.verify().problems, std::vector<std::string>{});
  store.close();
  EXPECT_EQ(std::string(put(url().c_str())), "") << "alone it may";
  EXPECT_EQ(open().collection("notes").get("second")->value.as_int(), 2);
}

TEST_P(WrongPlace, AnotherPidNamespaceIsRefusedByLmdbAlone) {
  Store store = open();
  store.collection("notes").put("a", 1);
  const std::string said = visit(url(), {"pid_namespace", "put", "b"});
  if (said == "not permitted") GTEST_SKIP() << "this user may not make a pid namespace";
  const std::map<std::string, std::string> expected{
      {"sqlite", "ok"}, {"lmdb", "unsupported: "}, {"rocksdb", "busy: "}, {"duckdb", "busy: "}};
  EXPECT_TRUE(said.starts_with(expected.at(GetParam()))) << said;
  EXPECT_TRUE(GetParam() != "lmdb" || said.find("pid namespace") != std::string::npos) << said;
  EXPECT_EQ(store.collection("notes").count(), GetParam() == "sqlite" ? 2U : 1U);
  EXPECT_EQ(store.verify().problems, std::vector<std::string>{});
}

TEST_P(WrongPlace, ASecondProcessSharesTheStoreOrLearnsWhoHasIt) {
  Visitor visitor(url(), {"put", "a", "hold"});
  visitor.await("open");
  if (serves_one_process(GetParam())) {
    const std::string pid = "pid " + std::to_string(visitor.id());
    EXPECT_TRUE(says(error_of([&] { open(); }), ErrorCode::busy, {place(), pid, "close it there", "lmdb:"}));
  } else {
    EXPECT_EQ(open().collection("notes").get("a")->value.as_int(), 1);
  }
  visitor.go_on();
  EXPECT_EQ(visitor.end(), "ok");
  EXPECT_EQ(open().collection("notes").get("a")->value.as_int(), 1);
}

STRATA_ON_EVERY_ENGINE(WrongPlace);

}  // namespace
}  // namespace strata::faults
