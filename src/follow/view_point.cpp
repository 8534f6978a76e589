#include "follow/view_point.hpp"

#include "follow/tail.hpp"
#include "strata/error.hpp"

namespace strata::follow {

ViewPoint point_of(const commit::View& view) {
  const codec::Head& head = view.head();
  return {head.store_id, head.incarnation, head.position, head.chain};
}

Standing standing_of(commit::Source& source, const ViewPoint& point) {
  const codec::Head& head = source.view().head();
  if (point.store_id != head.store_id || point.incarnation != head.incarnation) return Standing::foreign;
  if (point.position > head.position) return Standing::ahead;
  if (point.position < head.log_base) return Standing::gap;
  const auto chain = chain_at(source, point.position);
  // At the log's base itself there is no entry left to compare with.
  return !chain || *chain == point.chain ? Standing::good : Standing::foreign;
}

ViewPoint advanced(commit::Source& source, Position position) {
  const codec::Head& head = source.view().head();
  const auto chain = chain_at(source, position);
  if (!chain) {
    throw Error(ErrorCode::gap, "the log was trimmed beyond position " + std::to_string(position.value) +
                                    " while a view was following it; it will be filled again");
  }
  return {head.store_id, head.incarnation, position, *chain};
}

}  // namespace strata::follow
