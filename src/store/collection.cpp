// Collection: each call over the model and the query, on whatever the handle stands on.
#include "strata/collection.hpp"

#include "codec/head.hpp"
#include "commit/index_build.hpp"
#include "model/declaration.hpp"
#include "model/history.hpp"
#include "model/own_collection.hpp"
#include "model/record.hpp"
#include "query/find.hpp"
#include "store/access.hpp"
#include "strata/error.hpp"
#include "view/views.hpp"

namespace strata {
namespace {

constexpr std::size_t build_records_per_step = 1000;

/// What other models keep in collections is theirs to write.
void check_writable(const std::string& name) {
  if (!model::is_own(name)) return;
  throw Error(ErrorCode::invalid_argument,
              "collection `" + name + "`: names that begin with `.` are Strata's own; they can only be read");
}

}  // namespace

Collection::Collection(std::shared_ptr<detail::CollectionAccess> access, std::string name)
    : access_(std::move(access)), name_(std::move(name)) {}

std::optional<Record> Collection::get(std::string_view key) const {
  std::optional<Record> found;
  access_->read([&](commit::Source& source) { found = model::get_record(source, name_, key); });
  return found;
}

std::optional<Record> Collection::get(std::string_view key, AsOf at) const {
  std::optional<Record> found;
  access_->read([&](commit::Source& source) { found = model::get_record_at(source, name_, key, at); });
  return found;
}

std::vector<std::optional<Record>> Collection::get_many(std::span<const std::string> keys) const {
  std::vector<std::optional<Record>> found;
  found.reserve(keys.size());
  access_->read([&](commit::Source& source) {
    for (const std::string& key : keys) found.push_back(model::get_record(source, name_, key));
  });
  return found;
}

QueryResult Collection::find(const Query& query) const {
  QueryResult result;
  access_->read([&](commit::Source& source) {
    result.records.clear();
    query::Answer answer = query::find(source, name_, query, [&](const query::Match& match) {
      Record record = match.record();
      if (!query.fields.empty()) record.value = query::project(record.value, query.fields);
      result.records.push_back(std::move(record));
      return true;
    });
    result.position = source.view().position();
    result.cursor = std::move(answer.cursor);
    result.plan = std::move(answer.plan);
  });
  return result;
}

Plan Collection::scan(const Query& query, const std::function<bool(const Record&)>& visit) const {
  Plan plan;
  access_->read([&](commit::Source& source) {
    plan = query::find(source, name_, query, [&](const query::Match& match) {
             Record record = match.record();
             if (!query.fields.empty()) record.value = query::project(record.value, query.fields);
             return visit(record);
           }).plan;
  });
  return plan;
}

std::uint64_t Collection::count(const Query& query) const {
  std::uint64_t matches = 0;
  access_->read([&](commit::Source& source) { matches = query::count(source, name_, query); });
  return matches;
}

Plan Collection::explain(const Query& query) const {
  Plan plan;
  access_->read([&](commit::Source& source) { plan = query::explain(source, name_, query); });
  return plan;
}

std::vector<RecordVersion> Collection::history(std::string_view key) const {
  std::vector<RecordVersion> versions;
  access_->read([&](commit::Source& source) { versions = model::history_of(source, name_, key); });
  return versions;
}

Version Collection::put(std::string_view key, ValueView value, const PutOptions& options) {
  check_writable(name_);
  const CommitResult result = access_->write(
      [&](commit::Transaction& transaction) { model::put_record(transaction, name_, key, value, options); });
  return Version{result.position.value};
}

std::string Collection::add(ValueView value, const PutOptions& options) {
  check_writable(name_);
  std::string key;
  access_->write([&](commit::Transaction& transaction) {
    key = transaction.make_key().to_string();
    model::put_record(transaction, name_, key, value, options);
  });
  return key;
}

bool Collection::erase(std::string_view key, const EraseOptions& options) {
  check_writable(name_);
  bool existed = false;
  access_->write(
      [&](commit::Transaction& transaction) { existed = model::erase_record(transaction, name_, key, options); });
  return existed;
}

void Collection::create_index(const IndexOptions& options, engine::Progress* progress) {
  check_writable(name_);
  const IndexOptions wanted = model::checked(options);
  access_->declare([&](commit::Transaction& transaction) { model::declare_index(transaction, name_, wanted); });
  const auto& trunk = access_->trunk();
  std::uint64_t total = 0;
  access_->read([&](commit::Source& source) {
    const commit::CollectionDefinition* collection = source.collection(name_);
    if (!collection) return;
    if (const auto row = source.get(commit::totals_space, commit::totals_key(collection->records())))
      total = codec::decode_totals(*row).rows;
  });
  for (;;) {
    commit::IndexBuildStep step;
    std::optional<Error> failure;
    trunk->exclusive(trunk->deadline({}), Durability::relaxed, [&](commit::Writer& writer) {
      step = commit::build_index_step(writer, name_, wanted.name, build_records_per_step, failure);
    });
    if (failure) throw *failure;
    if (step.done) break;
    if (progress && !progress->advance("index", step.records, total))
      return;  // upkeep, or creating it again, goes on with it
  }
  // The steps were relaxed; what says that the index is ready must not be lost while the caller believes it.
  trunk->exclusive(trunk->deadline({}), Durability::sync, [](commit::Writer& writer) { writer.note_written(); });
}

bool Collection::drop_index(std::string_view name) {
  check_writable(name_);
  bool existed = false;
  access_->declare([&](commit::Transaction& transaction) { existed = model::drop_index(transaction, name_, name); });
  return existed;
}

std::vector<IndexDescription> Collection::indexes() const {
  std::vector<IndexDescription> out;
  access_->read([&](commit::Source& source) { out = model::describe_indexes(source, name_); });
  return out;
}

void Collection::set_options(const CollectionOptions& options) {
  check_writable(name_);
  access_->declare([&](commit::Transaction& transaction) { model::set_options(transaction, name_, options); });
}

CollectionOptions Collection::options() const {
  CollectionOptions out;
  access_->read([&](commit::Source& source) {
    if (const commit::CollectionDefinition* collection = source.collection(name_)) out = collection->options;
  });
  return out;
}

bool Collection::exists() const {
  bool there = false;
  access_->read([&](commit::Source& source) { there = source.collection(name_) != nullptr; });
  return there;
}

bool Collection::drop() {
  check_writable(name_);
  bool existed = false;
  std::vector<VectorOptions> vectors;
  std::vector<TextOptions> texts;
  access_->declare([&](commit::Transaction& transaction) {
    if (const commit::CollectionDefinition* found = transaction.collection(name_)) {
      vectors = found->vectors;
      texts = found->texts;
    }
    existed = model::drop_collection(transaction, name_);
  });
  view::Views& views = view::Views::of(*access_->trunk());
  for (const VectorOptions& options : vectors) views.forget_vector(name_, options.field);
  for (const TextOptions& options : texts) views.forget_text(name_, options.name);
  return existed;
}

}  // namespace strata
