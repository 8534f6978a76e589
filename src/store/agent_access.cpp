#include "store/agent_access.hpp"

#include "model/record.hpp"
#include "query/find.hpp"

namespace strata::agent {

Access access_of(Store& store) { return store::require(store.state())->access; }
Access access_of(Transaction& transaction) { return transaction.state(); }

void write_relaxed(const Access& access, const std::function<void(commit::Transaction&)>& work) {
  if (dynamic_cast<Transaction::State*>(access.get()) != nullptr) {
    access->write(work);
  } else {
    store::run(access->trunk(), work, {.durability = Durability::relaxed});
  }
}

std::optional<Record> get_own(commit::Source& source, const model::OwnCollection& collection, std::string_view key) {
  return model::get_record(source, collection.name, key);
}

void put_own(commit::Transaction& transaction, const model::OwnCollection& collection, std::string_view key,
             const Value& body, const PutOptions& options) {
  model::own_collection_for_writing(transaction, collection);
  model::put_record(transaction, collection.name, key, body.view(), options);
}

bool erase_own(commit::Transaction& transaction, const model::OwnCollection& collection, std::string_view key,
               const EraseOptions& options) {
  return model::erase_record(transaction, collection.name, key, options);
}

void scan_own(commit::Source& source, const model::OwnCollection& collection, const Query& query,
              const std::function<bool(const Record&)>& visit) {
  query::find(source, collection.name, query, [&](const query::Match& match) { return visit(match.record()); });
}

}  // namespace strata::agent
