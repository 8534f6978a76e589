#include "follow/tail.hpp"

#include <map>
#include <utility>

#include "follow/log_reader.hpp"

namespace strata::follow {

Tail read_tail(commit::Source& source, const ResumePoint& from, const std::function<Wish(const codec::Change&)>& wanted,
               std::size_t changes_max) {
  Tail tail;
  tail.reached = from.position;
  tail.whole = true;
  std::vector<TailChange> found;
  std::vector<bool> superseded;
  std::map<std::pair<std::uint32_t, Bytes>, std::size_t> newest;
  std::size_t live = 0;
  read_log(source, from.position, [&](const codec::Entry& entry) {
    if (live >= changes_max) {
      tail.whole = false;
      return false;
    }
    const bool begun = entry.position.value == from.position.value + 1;
    for (std::uint64_t ordinal = begun ? from.ordinal : 0; ordinal < entry.changes.size(); ++ordinal) {
      const codec::Change& change = entry.changes[ordinal];
      const Wish wish = wanted(change);
      if (wish.how == Wanted::no) continue;
      const engine::Space space = wish.touched.value_or(change.space);
      const codec::Operation operation = wish.touched ? codec::Operation::put : change.operation;
      if (wish.how == Wanted::last) {
        const auto [place, fresh] = newest.try_emplace({space.id, change.key}, found.size());
        if (!fresh) {
          if (wish.touched && found[place->second].operation == codec::Operation::erase) continue;
          superseded[place->second] = true;
          place->second = found.size();
          --live;
        }
      }
      found.push_back({space, change.key, operation, entry.position, ordinal});
      superseded.push_back(false);
      ++live;
    }
    tail.reached = entry.position;
    return true;
  });
  tail.changes.reserve(live);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!superseded[i]) tail.changes.push_back(std::move(found[i]));
  }
  return tail;
}

std::optional<codec::Hash128> chain_at(commit::Source& source, Position position) {
  const codec::Head& head = source.view().head();
  if (position == head.position) return head.chain;
  if (position.value == 0) return codec::Hash128{};
  if (position <= head.log_base || position > head.position) return std::nullopt;
  std::optional<codec::Hash128> chain;
  read_log(source, Position{position.value - 1}, [&](const codec::Entry& entry) {
    chain = entry.chain;
    return false;
  });
  return chain;
}

}  // namespace strata::follow
