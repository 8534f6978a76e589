// A store that several processes open.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "platform/child_process.hpp"
#include "platform/scratch_directory.hpp"
#include "strata/strata.hpp"
#include "tests/built_engines.hpp"
#include "tests/postgres/store_site.hpp"

namespace strata {

using Lines = std::vector<std::string>;

/// Only a hanging test meets it.
inline constexpr std::chrono::milliseconds patience = std::chrono::minutes(1);

/// The code of the error that `act` throws; nothing when it throws none.
template <class Act>
std::optional<ErrorCode> code_of(Act&& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

/// Runs `act` in a transaction that is inside the write section, where transact() makes its last attempt: every one
/// before it meets a conflict with a rival.
inline void inside_the_write_section(const std::string& url, const std::function<void(Transaction&)>& act) {
  Store store = Store::open(url, {.commit_timeout = patience, .background = false});
  Store rival = Store::open(url, {.commit_timeout = std::chrono::milliseconds(500), .background = false});
  store.transact([&](Transaction& transaction) {
    transaction.collection("contested").get("k");
    std::optional<ErrorCode> refusal;
    std::thread([&] { refusal = code_of([&] { rival.collection("contested").put("k", 1); }); }).join();
    if (refusal == ErrorCode::busy) return act(transaction);
    if (refusal) throw std::runtime_error("the rival failed: " + std::string(to_string(*refusal)));
    transaction.collection("contested").put("k", 2);
  });
}

/// A test over every engine that many processes may open. No store may be open in the parent when it starts children
/// that are to use one: they inherit it.
class SharedStore : public testing::TestWithParam<std::string> {
 protected:
  std::string url() const { return site_.url(); }
  Store open(OpenOptions options = {.commit_timeout = patience}) const { return Store::open(url(), options); }

  platform::ScratchDirectory directory_;
  StoreSite site_{GetParam(), directory_ / "store"};
};

inline const auto engine_name = [](const testing::TestParamInfo<std::string>& info) { return info.param; };
#define STRATA_SHARED_ENGINES(suite) \
  INSTANTIATE_TEST_SUITE_P(Engines, suite, testing::ValuesIn(with_remote(built_of({"lmdb", "sqlite"}))), engine_name)

}  // namespace strata
