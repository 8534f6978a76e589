#include "follow/standing.hpp"

#include "follow/tail.hpp"

namespace strata::follow {

Standing standing_at(const codec::Head& head) { return {head.store_id, head.incarnation, head.position, head.chain}; }

Footing footing_of(commit::Source& source, const Standing& standing) {
  const codec::Head& head = source.view().head();
  if (standing.store_id != head.store_id) return Footing::foreign;
  if (standing.incarnation != head.incarnation) return Footing::put_back;
  if (standing.position > head.position) return Footing::ahead;
  if (standing.position < head.log_base) return Footing::out_of_reach;
  // The entry at the very position may be trimmed already: then those after it are all there is to go by.
  const auto chain = chain_at(source, standing.position);
  return chain && *chain != standing.chain ? Footing::put_back : Footing::firm;
}

const char* describe(Footing footing) {
  switch (footing) {
    case Footing::firm:
      return "the log leads on from it";
    case Footing::foreign:
      return "it is of another store";
    case Footing::put_back:
      return "the store has been put back";
    case Footing::ahead:
      return "it is ahead of the store";
    case Footing::out_of_reach:
      return "the log was trimmed beyond it";
  }
  return "unknown";
}

}  // namespace strata::follow
