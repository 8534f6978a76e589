// Store, Snapshot, Transaction: answering a Datalog program over the state that each shows.
#include "strata/datalog.hpp"

#include "query/datalog/answer.hpp"
#include "query/datalog/stored_facts.hpp"
#include "store/access.hpp"

namespace strata {
namespace {

DatalogResult answer(detail::CollectionAccess& access, std::string_view program, const DatalogOptions& options) {
  DatalogResult result;
  access.read([&](commit::Source& source) {
    datalog::StoredFacts facts(source);
    result = datalog::answer(facts, program, options);
    result.position = source.view().position();
  });
  return result;
}

}  // namespace

DatalogResult Store::query(std::string_view program, const DatalogOptions& options) const {
  return answer(*store::require(state_)->access, program, options);
}

DatalogResult Snapshot::query(std::string_view program, const DatalogOptions& options) const {
  return answer(*state_, program, options);
}

DatalogResult Transaction::query(std::string_view program, const DatalogOptions& options) {
  return answer(*state_, program, options);
}

}  // namespace strata
