#include "tests/history/program.hpp"

#include <chrono>
#include <thread>
#include <utility>

namespace strata::history {
namespace {

constexpr std::uint64_t keys = 40;
constexpr std::uint64_t numbers = 20;
constexpr std::uint64_t kinds = 5;
constexpr std::uint64_t tags = 4;

/// Thrown by a transaction that changes its mind.
struct Abandoned {};

std::int64_t moment() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

const std::vector<IndexOptions>& index_choices() {
  static const std::vector<IndexOptions> choices{
      {.name = {}, .fields = {{"kind", false}}, .unique = false},
      {.name = {}, .fields = {{"number", false}}, .unique = false},
      {.name = {}, .fields = {{"kind", false}, {"number", false}}, .unique = false},
      {.name = {}, .fields = {{"tags", false}}, .unique = false},
      {.name = "stamp", .fields = {{"stamp", false}}, .unique = true},
  };
  return choices;
}

std::string index_name(const IndexOptions& options) {
  std::string name = options.name;
  if (!name.empty()) return name;
  for (const IndexField& field : options.fields) name += (name.empty() ? "" : ",") + field.path;
  return name;
}

}  // namespace

const std::vector<std::string> collection_names{"notes", "tasks", "passing"};

Tally& Tally::operator+=(const Tally& other) {
  committed += other.committed;
  only_read += other.only_read;
  abandoned += other.abandoned;
  refused += other.refused;
  declarations += other.declarations;
  through_index += other.through_index;
  return *this;
}

Program::Program(Store& store, std::size_t number, std::uint64_t seed, std::function<void(const Done&)> note)
    : store_(store), number_(number), random_(seed * 1000 + number), note_(std::move(note)) {}

Tally Program::run(std::size_t transactions) {
  for (std::size_t i = 0; i < transactions; ++i) {
    if (chance(60)) declare();
    run_one();
  }
  return tally_;
}

void Program::run_one() {
  switch (below(16)) {
    case 0:
      return read_newest();
    case 1:
      return put_alone();
    case 2:
      return put_if_version();
    case 3:
    case 4:
      return read_snapshot();
    case 5:
      return commit_behind();
    default:
      return transact();
  }
}

std::string Program::any_collection() { return collection_names[below(collection_names.size())]; }
std::string Program::any_key() { return "k" + std::to_string(10 + below(keys)); }

Content Program::any_content() {
  Content content;
  content.number = static_cast<std::int64_t>(below(numbers));
  content.kind = "kind" + std::to_string(below(kinds));
  for (std::uint64_t tag = 0; tag < tags; ++tag) {
    if (chance(3)) content.tags.push_back("tag" + std::to_string(tag));
  }
  content.stamp = (std::uint64_t{number_} << 40) | ++stamps_;
  return content;
}

Question Program::any_question() {
  Question question;
  question.collection = any_collection();
  if (chance(2)) question.kind = "kind" + std::to_string(below(kinds));
  if (chance(3)) question.number_from = static_cast<std::int64_t>(below(numbers));
  if (chance(3)) question.number_below = static_cast<std::int64_t>(below(numbers));
  if (chance(4)) question.tag = "tag" + std::to_string(below(tags));
  question.order = static_cast<Question::Order>(below(3));
  if (chance(3)) question.limit = 1 + below(5);
  return question;
}

Done Program::begin() const {
  Done done;
  done.session = std::to_string(number_);
  done.began = moment();
  return done;
}

void Program::finish(Done done) {
  done.ended = moment();
  ++(done.committed ? tally_.committed : tally_.only_read);
  note_(done);
}

void Program::read_step(Collection collection, Done& done) {
  if (chance(2)) {
    Get get{collection.name(), any_key(), std::nullopt};
    if (const auto record = collection.get(get.key)) get.seen = to_seen(*record);
    done.steps.emplace_back(std::move(get));
    return;
  }
  Scan scan{any_question(), {}};
  scan.question.collection = collection.name();
  const QueryResult result = collection.find(to_query(scan.question));
  for (const Record& record : result.records) scan.seen.push_back(to_seen(record));
  if (result.plan.access.starts_with("index")) ++tally_.through_index;
  done.steps.emplace_back(std::move(scan));
}

void Program::write_step(Collection collection, Done& done) {
  if (chance(3)) {
    Erase erase{collection.name(), any_key(), false};
    erase.existed = collection.erase(erase.key);
    done.steps.emplace_back(std::move(erase));
    return;
  }
  Put put{collection.name(), any_key(), any_content()};
  collection.put(put.key, to_value(put.content));
  done.steps.emplace_back(std::move(put));
}

void Program::steps(Transaction& transaction, Done& done) {
  done.steps.clear();
  done.position = transaction.position();
  const bool writes = !chance(6);
  for (std::uint64_t left = 1 + below(6); left != 0; --left) {
    Collection collection = transaction.collection(any_collection());
    if (writes && chance(2)) {
      write_step(collection, done);
    } else {
      read_step(collection, done);
    }
    if (chance(4)) std::this_thread::yield();
  }
}

/// One that changed nothing has no position: it counts where it read.
void place(Done& done, const CommitResult& result) {
  done.id = result.id;
  done.committed = result.position != Position{};
  if (done.committed) done.position = result.position;
}

void Program::transact() {
  Done done = begin();
  const CommitOptions options{
      .durability = chance(4) ? Durability::sync : Durability::relaxed, .timeout = {}, .id = {}};
  CommitResult result;
  try {
    store_.transact(
        [&](Transaction& transaction) {
          steps(transaction, done);
          if (chance(30)) throw Abandoned{};
        },
        options, &result);
  } catch (const Abandoned&) {
    ++tally_.abandoned;
    return;
  }
  place(done, result);
  finish(std::move(done));
}

void Program::commit_behind() {
  Done done = begin();
  auto future = store_.commit_async([&](Transaction& transaction) { steps(transaction, done); },
                                    {.durability = Durability::relaxed, .timeout = {}, .id = {}});
  try {
    place(done, future.get());
  } catch (const Error& error) {
    if (error.code() != ErrorCode::conflict) throw;
    ++tally_.refused;
    return;
  }
  finish(std::move(done));
}

void Program::read_snapshot() {
  Done done = begin();
  const Snapshot snapshot = store_.snapshot();
  done.position = snapshot.position();
  for (std::uint64_t left = 1 + below(5); left != 0; --left) {
    read_step(snapshot.collection(any_collection()), done);
    if (chance(2)) std::this_thread::yield();
  }
  finish(std::move(done));
}

void Program::read_newest() {
  Done done = begin();
  Scan scan{any_question(), {}};
  const QueryResult result = store_.collection(scan.question.collection).find(to_query(scan.question));
  for (const Record& record : result.records) scan.seen.push_back(to_seen(record));
  done.position = result.position;
  done.steps.emplace_back(std::move(scan));
  finish(std::move(done));
}

void Program::put_alone() {
  Done done = begin();
  Put put{any_collection(), any_key(), any_content()};
  done.position.value = store_.collection(put.collection).put(put.key, to_value(put.content)).value;
  done.committed = true;
  done.steps.emplace_back(std::move(put));
  finish(std::move(done));
}

/// Optimistic: what was read earlier must still be there at the commit's place.
void Program::put_if_version() {
  Collection collection = store_.collection(any_collection());
  Get get{collection.name(), any_key(), std::nullopt};
  if (const auto record = collection.get(get.key)) get.seen = to_seen(*record);
  Done done = begin();
  Put put{collection.name(), get.key, any_content()};
  try {
    const Version expected = get.seen ? get.seen->version : Version{};
    done.position.value =
        collection.put(put.key, to_value(put.content), {.if_version = expected, .time_to_live = {}}).value;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::conflict) throw;
    ++tally_.refused;
    return;
  }
  done.committed = true;
  done.steps.emplace_back(std::move(get));
  done.steps.emplace_back(std::move(put));
  finish(std::move(done));
}

void Program::declare() {
  ++tally_.declarations;
  if (chance(8)) {
    store_.collection(collection_names.back()).drop();
    return;
  }
  Collection collection = store_.collection(any_collection());
  const IndexOptions& index = index_choices()[below(index_choices().size())];
  if (chance(3)) {
    collection.drop_index(index_name(index));
  } else {
    collection.create_index(index);
  }
}

Done read_all(const Store& store) {
  Done done;
  done.session = "the reader of everything";
  done.began = moment();
  const Snapshot snapshot = store.snapshot();
  done.position = snapshot.position();
  for (const std::string& name : collection_names) {
    Scan scan;
    scan.question.collection = name;
    for (const Record& record : snapshot.collection(name).find().records) scan.seen.push_back(to_seen(record));
    done.steps.emplace_back(std::move(scan));
  }
  done.ended = moment();
  return done;
}

std::vector<LogEntry> whole_log(const Store& store) {
  std::vector<LogEntry> entries;
  for (;;) {
    std::vector<LogEntry> page = store.log(entries.empty() ? Position{} : entries.back().position);
    if (page.empty()) return entries;
    entries.insert(entries.end(), std::make_move_iterator(page.begin()), std::make_move_iterator(page.end()));
  }
}

}  // namespace strata::history
