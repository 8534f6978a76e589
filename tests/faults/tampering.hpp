// Changes rows of a store behind its back, through the engine below it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "codec/head.hpp"
#include "commit/catalogue.hpp"
#include "strata/engine.hpp"
#include "strata/error.hpp"

namespace strata::faults {

using commit::Space;
using Row = std::pair<Bytes, Bytes>;

/// May be open beside the store itself, in the same process.
class Tampering {
 public:
  Tampering(const std::string& engine, const std::string& store_directory) {
    engine::OpenRequest request;
    request.directory = store_directory + "/engine/1";
    request.store_directory = store_directory;
    engine_ = engine::open_engine(engine, request);
  }

  commit::CollectionDefinition collection(const std::string& name) {
    const auto snapshot = engine_->snapshot();
    return *commit::Catalogue::load(*snapshot, Position{1})->find(name);
  }
  codec::Head head() { return codec::decode_head(get(engine::head_key.space, engine::head_key.bytes)); }
  Bytes get(Space space, bytes_view key) {
    const auto snapshot = engine_->snapshot();
    const auto row = snapshot->get({space, key});
    if (!row) throw Error(ErrorCode::not_found, "no such row");
    return Bytes(*row);
  }
  std::vector<Row> rows(Space space) {
    std::vector<Row> found;
    const auto snapshot = engine_->snapshot();
    const auto cursor = snapshot->scan({space, {}, {}}, {});
    while (cursor->next()) found.emplace_back(cursor->key(), cursor->value());
    return found;
  }

  void put(Space space, bytes_view key, bytes_view value) {
    write([&](engine::WriteTransaction& transaction) { transaction.put({space, key}, value); });
  }
  void erase(Space space, bytes_view key) {
    write([&](engine::WriteTransaction& transaction) { transaction.erase({space, key}); });
  }
  void move(Space space, bytes_view from, bytes_view to) {
    const Bytes row = get(space, from);
    write([&](engine::WriteTransaction& transaction) {
      transaction.erase({space, from});
      transaction.put({space, to}, row);
    });
  }

 private:
  void write(const std::function<void(engine::WriteTransaction&)>& work) {
    const auto transaction = engine_->begin_write(std::chrono::steady_clock::now() + std::chrono::seconds(30));
    work(*transaction);
    transaction->commit(engine::Durability::relaxed);
  }

  std::unique_ptr<engine::Engine> engine_;
};

/// The same bytes but for one bit of the one at `at`.
inline Bytes flipped(bytes_view bytes, std::size_t at) {
  Bytes out(bytes);
  out[at] = static_cast<char>(out[at] ^ (1 << (at % 8)));
  return out;
}

}  // namespace strata::faults
