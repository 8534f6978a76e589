#include "bench/contender.hpp"

#include <algorithm>
#include <stdexcept>

#include "bench/rivals.hpp"
#include "strata/store.hpp"

namespace strata::bench {
namespace {

constexpr std::string_view strata_prefix = "strata ";

class StoreWriter : public Writer {
 public:
  explicit StoreWriter(Store& store) : store_(store), collection_(store.collection("notes")) {}
  void commit(std::span<const Row> rows) override {
    if (rows.size() == 1) {
      collection_.put(rows[0].key, ValueView(rows[0].value));
      return;
    }
    store_.transact([&](Transaction& transaction) {
      Collection collection = transaction.collection("notes");
      for (const Row& row : rows) collection.put(row.key, ValueView(row.value));
    });
  }

 private:
  Store& store_;
  Collection collection_;
};

class StoreContender : public Contender {
 public:
  StoreContender(const std::string& url, KeyOrder order) : store_(Store::open(url, options())) {
    if (order == KeyOrder::random) store_.collection("notes").create_index({.fields = {{"rank"}}});
  }
  std::unique_ptr<Writer> writer() override { return std::make_unique<StoreWriter>(store_); }
  Counts counts() override {
    const StoreStatistics statistics = store_.statistics();
    return {statistics.commits, statistics.syncs};
  }

 private:
  static OpenOptions options() {
    OpenOptions options;
    options.commit_timeout = std::chrono::seconds(30);
    return options;
  }
  Store store_;
};

}  // namespace

std::unique_ptr<Contender> open_contender(const ContenderPlace& place) {
  if (is_strata(place.name)) return std::make_unique<StoreContender>(store_url(place), place.order);
#ifdef STRATA_BENCH_LMDB
  if (place.name == "lmdb") return open_lmdb_rival(place.where, place.order);
#endif
#ifdef STRATA_BENCH_SQLITE
  if (place.name == "sqlite") return open_sqlite_rival(place.where, place.order);
#endif
#ifdef STRATA_BENCH_ROCKSDB
  if (place.name == "rocksdb") return open_rocksdb_rival(place.where, place.order);
#endif
#ifdef STRATA_BENCH_POSTGRES
  if (place.name == "postgres") return open_postgres_rival(place.where, place.order);
#endif
  throw std::invalid_argument("this build has no contender named " + place.name);
}

std::vector<std::string> strata_engines() {
  std::vector<std::string> engines;
#ifdef STRATA_BENCH_LMDB
  engines.emplace_back("lmdb");
#endif
#ifdef STRATA_BENCH_SQLITE
  engines.emplace_back("sqlite");
#endif
#ifdef STRATA_BENCH_ROCKSDB
  engines.emplace_back("rocksdb");
#endif
  return engines;
}

std::vector<std::string> embedded_contenders() {
  std::vector<std::string> names;
  for (const std::string& engine : strata_engines()) {
    names.push_back(std::string(strata_prefix) + engine);
    names.push_back(engine);
  }
  return names;
}

std::string store_url(const ContenderPlace& place) {
  if (on_server(place.name)) {
    // Words `name=value`, as libpq takes them, are parameters of the URL too.
    std::string parameters = place.where;
    std::replace(parameters.begin(), parameters.end(), ' ', '&');
    return "postgres:///?" + parameters;
  }
  return place.name.substr(strata_prefix.size()) + ":" + place.where;
}

}  // namespace strata::bench
