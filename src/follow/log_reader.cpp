#include "follow/log_reader.hpp"

#include "strata/error.hpp"

namespace strata::follow {

void read_log(commit::Source& source, Position from, const std::function<bool(const codec::Entry&)>& visit) {
  const codec::Head& head = source.view().head();
  if (from < head.log_base) {
    throw Error(ErrorCode::gap, "the log begins after position " + std::to_string(head.log_base.value) +
                                    "; entries after " + std::to_string(from.value) +
                                    " have been trimmed: read the present state, then follow from there");
  }
  if (from >= head.position) return;
  const Bytes begin = codec::log_key(Position{from.value + 1}, 0);
  const auto cursor = source.scan(commit::log_space, {commit::log_space, begin, {}}, {});
  codec::EntryDecoder decoder;
  Position expected{from.value + 1};
  while (cursor->next()) {
    if (!decoder.add(cursor->key(), cursor->value())) continue;
    if (decoder.entry.position != expected) {
      throw Error(ErrorCode::corruption,
                  "the log lacks the entry at position " + std::to_string(expected.value) + "; run `strata verify`");
    }
    ++expected.value;
    if (!visit(decoder.entry)) return;
  }
  if (expected.value != head.position.value + 1) {
    throw Error(ErrorCode::corruption,
                "the log lacks the entries from position " + std::to_string(expected.value) + "; run `strata verify`");
  }
}

}  // namespace strata::follow
