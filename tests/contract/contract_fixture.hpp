// What the contract tests share: a site with an open engine, and short ways to write and read.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "strata/engine.hpp"
#include "strata/error.hpp"
#include "tests/contract/engines.hpp"

namespace strata::engine {

inline constexpr Space records = Space::make(SpaceGroup::record, 7);

using Rows = std::vector<std::pair<Bytes, Bytes>>;

inline std::optional<Bytes> owned(std::optional<bytes_view> value) {
  if (!value) return std::nullopt;
  return Bytes(*value);
}

inline std::optional<Bytes> read(Reader& reader, bytes_view key, Space space = records) {
  return owned(reader.get({space, key}));
}

inline Rows read_all(Reader& reader, KeyRange range, ScanHints hints = {}) {
  Rows rows;
  const auto cursor = reader.scan(range, hints);
  while (cursor->next()) rows.emplace_back(cursor->key(), cursor->value());
  return rows;
}

inline std::vector<Bytes> keys_of(const Rows& rows) {
  std::vector<Bytes> keys;
  for (const auto& [key, value] : rows) keys.push_back(key);
  return keys;
}

inline void write(Engine& engine, const std::map<Bytes, Bytes>& rows, Durability durability = Durability::relaxed,
                  Space space = records) {
  const auto transaction = engine.begin_write(patient());
  for (const auto& [key, value] : rows) transaction->put({space, key}, value);
  transaction->commit(durability);
}

/// The code of the error that `act` throws; nothing when it throws none.
template <typename Act>
std::optional<ErrorCode> code_of(Act act) {
  try {
    act();
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

class EngineFixture : public testing::TestWithParam<std::string> {
 protected:
  std::optional<ErrorCode> refusal_of_write(Deadline deadline) {
    return code_of([&] { engine_->begin_write(deadline); });
  }
  void reopen() {
    engine_.reset();
    engine_ = site_.open();
  }
  bool persistent() const { return engine_->capabilities().persistent; }

  EngineSite site_{GetParam()};
  std::unique_ptr<Engine> engine_ = site_.open();
};

inline std::string scheme_name(const testing::TestParamInfo<std::string>& scheme) { return scheme.param; }

}  // namespace strata::engine
