#include "model/document_release.hpp"

#include <optional>
#include <set>
#include <utility>

#include "codec/ordered.hpp"
#include "codec/record.hpp"
#include "model/own_collection.hpp"
#include "model/record.hpp"
#include "platform/random.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

using commit::CollectionDefinition;

/// A transaction that has done so much already leaves the rest to upkeep.
constexpr std::uint64_t changes_for_releasing = 50'000;
constexpr std::uint64_t chunks_per_step = 1000;
constexpr std::size_t rows_per_step = 1000;

/// Whether anybody uses the part, as the transaction leaves it.
bool is_used(commit::Transaction& transaction, const CollectionDefinition& uses, std::string_view part) {
  const Bytes begin = use_key(part, {});
  const Bytes end = codec::prefix_end(begin);
  const commit::PendingWrites* own = transaction.pending(uses.records());
  if (own) {
    for (auto one = own->lower_bound(begin); one != own->end() && one->first < end; ++one) {
      if (one->second.kind == commit::Write::Kind::put) return true;
    }
  }
  const auto cursor = transaction.scan(uses.records(), {uses.records(), begin, end}, {});
  while (cursor->next()) {
    if (!own || own->find(cursor->key()) == own->end()) return true;  // those found are erased
  }
  return false;
}

class Releasing {
 public:
  explicit Releasing(commit::Transaction& transaction)
      : transaction_(transaction),
        chunks_(transaction.collection(chunks_name)),
        uses_(transaction.collection(chunk_uses_name)) {}

  void release(const std::vector<Part>& parts, std::string_view id) {
    if (!chunks_ || !uses_) return;
    std::set<std::string_view> seen;
    for (const Part& part : parts) {
      if (!seen.insert(part.key).second) continue;
      erase_row(transaction_, *uses_, use_key(part.key, id));
      if (is_used(transaction_, *uses_, part.key)) continue;
      std::optional<PartList> list;
      if (part.level > 0) {
        if (const auto row = find_row(transaction_, *chunks_, part.key)) list = decode_list(ValueView(row->body));
      }
      erase_row(transaction_, *chunks_, part.key);
      if (list) release(list->parts, list->id);
    }
  }

 private:
  commit::Transaction& transaction_;
  const CollectionDefinition* chunks_;
  const CollectionDefinition* uses_;
};

commit::Write put_aside(const CollectionDefinition& released, const Content& content) {
  commit::Write write;
  write.space = released.records();
  write.key = content.id;
  write.body = encode_content(content);
  return write;
}

bool holds_contents(std::string_view collection) {
  return collection.starts_with(".document/") || collection == uploads_name || collection.starts_with(released_name);
}

/// What is let go of in one step.
class Step {
 public:
  Step(commit::Writer& writer, Time now)
      : transaction_(std::make_unique<commit::View>(writer.transaction(), std::make_shared<codec::Head>(writer.head()),
                                                    writer.catalogue()),
                     platform::make_uuid(), now, commit::Transaction::Tracking::none) {}

  /// False when there is more than one step may do.
  bool release_rows(const CollectionDefinition& collection) {
    const Batch batch = next_of(collection);
    for (const auto& [key, content] : batch.rows) {
      if (left_ == 0) return false;
      release(content);
      erase_row(transaction_, collection, key);
    }
    return batch.last;
  }

  /// Gives back the place of a collection whose rows are all gone.
  void drop(const CollectionDefinition& collection) {
    commit::Write write;
    write.kind = commit::Write::Kind::drop;
    write.space = collection.records();
    const std::string name = collection.name;
    transaction_.write(std::move(write));
    transaction_.forget_definition(name);
  }

  bool wrote() const { return transaction_.wrote(); }
  commit::Request take_request() { return transaction_.take_request(); }

 private:
  struct Batch {
    std::vector<std::pair<Bytes, Content>> rows;
    bool last = false;
  };

  /// Damaged rows are left for whoever verifies.
  Batch next_of(const CollectionDefinition& collection) {
    Batch batch;
    std::uint64_t chunks = 0;
    const auto cursor = transaction_.scan(collection.records(), {collection.records(), {}, {}}, {});
    while (batch.rows.size() < rows_per_step && chunks < left_) {
      if (!cursor->next()) {
        batch.last = true;
        break;
      }
      try {
        const codec::RecordRow row = decode_row(collection, cursor->key(), cursor->value());
        batch.rows.emplace_back(cursor->key(), decode_content(ValueView(row.body)));
        chunks += batch.rows.back().second.chunks();
      } catch (const Error&) {
        continue;
      }
    }
    return batch;
  }

  /// Lists with more than the step can do are put aside in place of the content.
  void release(const Content& content) {
    if (content.chunks() <= left_) {
      Releasing(transaction_).release(content.parts, content.id);
      left_ -= content.chunks();
      return;
    }
    release_by_lists(content);
  }

  void release_by_lists(const Content& content) {
    const CollectionDefinition* chunks = transaction_.collection(chunks_name);
    const CollectionDefinition* uses = transaction_.collection(chunk_uses_name);
    const CollectionDefinition& released =
        own_collection_for_writing(transaction_, {.name = released_name, .compressed = true});
    left_ = 0;
    if (!chunks || !uses) return;
    std::set<std::string_view> seen;
    for (const Part& part : content.parts) {
      if (!seen.insert(part.key).second) continue;
      erase_row(transaction_, *uses, use_key(part.key, content.id));
      if (is_used(transaction_, *uses, part.key)) continue;
      if (part.level > 0) {
        if (const auto row = find_row(transaction_, *chunks, part.key)) {
          const PartList list = decode_list(ValueView(row->body));
          Content rest{.id = list.id, .size = part.size, .parts = list.parts};
          transaction_.write(put_aside(released, rest));
        }
      }
      erase_row(transaction_, *chunks, part.key);
    }
  }

  commit::Transaction transaction_;
  std::uint64_t left_ = chunks_per_step;
};

}  // namespace

void release_parts(commit::Transaction& transaction, const std::vector<Part>& parts, std::string_view id) {
  if (!parts.empty()) Releasing(transaction).release(parts, id);
}

bool is_released_later(const commit::Transaction& transaction, const Content& content) {
  return content.chunks() > chunks_released_at_once_max || transaction.changes() > changes_for_releasing;
}

void release_content(commit::Transaction& transaction, const Content& content) {
  if (content.parts.empty()) return;
  if (!is_released_later(transaction, content)) return release_parts(transaction, content.parts, content.id);
  transaction.write(
      put_aside(own_collection_for_writing(transaction, {.name = released_name, .compressed = true}), content));
}

void release_contents(commit::Transaction& transaction, std::string_view collection) {
  const std::string name = contents_name(collection);
  const CollectionDefinition* found = transaction.collection(name);
  if (!found) return;
  // The rows stay where they are; the place gets another name. Its number, which no other place will ever have, is in
  // it.
  CollectionDefinition definition = *found;
  definition.name = std::string(released_name) + "/" + std::to_string(definition.id);
  transaction.forget_definition(name);
  transaction.define(std::move(definition));
}

std::vector<const CollectionDefinition*> released_collections(const commit::Catalogue& catalogue) {
  std::vector<const CollectionDefinition*> out;
  const auto& all = catalogue.collections();
  for (auto one = all.lower_bound(released_name); one != all.end() && one->first.starts_with(released_name); ++one)
    out.push_back(&one->second);
  return out;
}

bool release_step(commit::Writer& writer, Time now, bool) {
  const std::shared_ptr<const commit::Catalogue> catalogue = writer.catalogue();
  const auto collections = released_collections(*catalogue);
  if (collections.empty()) return false;
  try {
    Step step(writer, now);
    bool more = false;
    for (const CollectionDefinition* collection : collections) {
      const bool own_place = collection->name != released_name;
      if (writer.totals(collection->records()).rows == 0) {
        if (own_place) step.drop(*collection);
        continue;
      }
      more = !step.release_rows(*collection) || own_place || more;
      if (more) break;
    }
    if (!step.wrote()) return false;
    commit::Request request = step.take_request();
    request.origin = "upkeep";
    writer.apply(request);
    return more;
  } catch (const Error&) {
    if (writer.broken()) throw;
    // A row on the way is damaged: whoever reads it, or verifies, is told. Other upkeep is not to suffer.
    return false;
  }
}

bool release_expired_contents(commit::Writer& writer, commit::Request& request, Time) {
  const CollectionDefinition* released = writer.catalogue()->find(released_name);
  if (!released) return false;
  std::vector<commit::Write> aside;
  for (const commit::Write& write : request.writes) {
    const CollectionDefinition* collection = writer.catalogue()->find(write.space);
    if (!collection || !holds_contents(collection->name)) continue;
    const auto row = writer.transaction().get({write.space, write.key});
    if (!row) continue;
    const Bytes copy(*row);
    try {
      const Content content = decode_content(ValueView(decode_row(*collection, write.key, copy).body));
      if (!content.parts.empty()) aside.push_back(put_aside(*released, content));
    } catch (const Error&) {
      // Whoever verifies is told of the chunks that are left.
    }
  }
  const bool more = !aside.empty();
  for (commit::Write& write : aside) request.writes.push_back(std::move(write));
  return more;
}

}  // namespace strata::model
