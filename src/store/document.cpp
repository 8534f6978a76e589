// Documents: each call over the model, on whatever the handle stands on; reading and writing part by part.
#include "strata/document.hpp"

#include <algorithm>

#include "codec/chunking.hpp"
#include "codec/head.hpp"
#include "model/document.hpp"
#include "model/document_reading.hpp"
#include "model/document_release.hpp"
#include "model/own_collection.hpp"
#include "platform/clock.hpp"
#include "platform/random.hpp"
#include "store/access.hpp"
#include "strata/error.hpp"

namespace strata {
namespace {

using Access = std::shared_ptr<detail::CollectionAccess>;

/// Larger contents take several commits, where they may, so that others get their turns in between.
constexpr std::size_t one_commit_bytes_max = std::size_t{8} << 20;
/// What a commit of a large content takes in, or a little more.
constexpr std::size_t batch_bytes = std::size_t{4} << 20;
constexpr std::size_t slice_bytes = std::size_t{1} << 20;
constexpr std::size_t beginning_bytes = 8192;
constexpr auto upload_kept = std::chrono::hours(24);
/// Whoever lets go of a large content does that much of the work at once; upkeep does the rest.
constexpr int release_steps = 4;

model::ContentReading reading_of(const std::string& collection, std::string_view key, model::Content content) {
  return {model::document_words(collection, key), std::move(content)};
}

bool something_waits(commit::View& view) {
  for (const commit::CollectionDefinition* released : model::released_collections(view.catalogue())) {
    const auto row = view.reader().get({commit::totals_space, commit::totals_key(released->records())});
    if (row && codec::decode_totals(*row).rows > 0) return true;
  }
  return false;
}

/// Goes on with what the write left for later. It has been committed: nothing here may fail it.
void settle(commit::Trunk& trunk) {
  try {
    if (!something_waits(*trunk.view())) return;
    bool more = true;
    for (int step = 0; more && step < release_steps; ++step) {
      trunk.exclusive(trunk.deadline({}), Durability::relaxed, [&](commit::Writer& writer) {
        more = model::release_step(writer, platform::clock().now(), false);
      });
    }
  } catch (const Error&) {
    // Upkeep comes to it.
  }
}

/// As the store has it, unless another has written it since.
DocumentDescription committed(const Access& access, const std::string& collection, DocumentDescription written,
                              const CommitResult& result) {
  if (result.position == Position{}) return written;  // within a transaction
  written.record.version = Version{result.position.value};
  written.record.updated = result.time;
  access->read([&](commit::Source& source) {
    auto found = model::get_document(source, collection, written.key);
    if (found && found->description.record.version == written.record.version) written = std::move(found->description);
  });
  settle(*access->trunk());
  return written;
}

}  // namespace

// ---- DocumentReader

struct DocumentReader::State {
  Access origin;
  Access at;  ///< A snapshot of its own, or the origin.
  std::string collection;
  DocumentDescription description;
  model::ContentReading reading;

  bytes_view part(std::uint64_t offset) {
    bytes_view found;
    const auto look = [&](commit::Source& source) { found = reading.at(source, offset); };
    try {
      at->read(look);
      return found;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::limit_exceeded || at == origin) throw;
    }
    renew();
    at->read(look);
    return found;
  }

  /// The snapshot has grown too old: the newest one will do while it has the same content.
  void renew() {
    at = Snapshot::State::make(origin->trunk());
    std::optional<model::Document> found;
    at->read([&](commit::Source& source) { found = model::get_document(source, collection, description.key); });
    if (!found || found->content.hash != reading.content().hash || found->content.size != reading.content().size) {
      throw Error(ErrorCode::conflict, model::document_words(collection, description.key) +
                                           " was replaced or erased while it was being read; open it again");
    }
    reading = reading_of(collection, description.key, std::move(found->content));
  }
};

DocumentReader::DocumentReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
DocumentReader::DocumentReader(DocumentReader&&) noexcept = default;
DocumentReader& DocumentReader::operator=(DocumentReader&&) noexcept = default;
DocumentReader::~DocumentReader() = default;

const DocumentDescription& DocumentReader::description() const { return state_->description; }

Bytes DocumentReader::read(std::uint64_t offset, std::size_t length) {
  Bytes out;
  const std::uint64_t end = offset >= size() ? offset : offset + std::min<std::uint64_t>(length, size() - offset);
  while (offset < end) {
    const bytes_view part = state_->part(offset).substr(0, end - offset);
    out.append(part);
    offset += part.size();
  }
  return out;
}

void DocumentReader::read_all(const std::function<bool(bytes_view part)>& sink, std::uint64_t offset) {
  while (offset < size()) {
    const bytes_view part = state_->part(offset);
    offset += part.size();
    if (!sink(part)) return;
  }
}

// ---- DocumentWriter

struct DocumentWriter::State {
  Access access;
  std::string collection;
  std::string key;
  DocumentOptions options;

  Bytes waiting;  ///< What has not been stored yet, of which
  struct Chunk {
    std::size_t end = 0;  ///< in `waiting`
    codec::Hash128 hash;
  };
  std::vector<Chunk> chunks;  ///< these have been cut off its front.
  std::size_t whole = 0;      ///< So many of them end with a list,
  std::size_t run = 0;        ///< and so many follow.
  codec::HashStream hash;
  Bytes beginning;
  std::uint64_t size = 0;
  model::Content stored;  ///< What has been.
  bool uploading = false;
  bool ended = false;

  ~State() {
    if (uploading && !ended) abandon();
  }

  void check_going_on() const {
    if (ended) throw Error(ErrorCode::closed, "the writer of " + words() + " has finished; open another");
  }
  std::string words() const { return model::document_words(collection, key); }

  void add(bytes_view slice) {
    if (size + slice.size() > document_bytes_max)
      throw Error(ErrorCode::limit_exceeded, words() + ": it has more than 1 TiB (document_bytes_max); split it");
    size += slice.size();
    hash.add(slice);
    if (beginning.size() < beginning_bytes) beginning.append(slice.substr(0, beginning_bytes - beginning.size()));
    waiting.append(slice);
    while (waiting.size() - cut_off() >= codec::chunk_lookahead_bytes) cut();
    if (whole > 0 && cut_off() >= batch_bytes) store_batch();
  }

  std::size_t cut_off() const { return chunks.empty() ? 0 : chunks.back().end; }

  void cut() {
    const bytes_view rest = bytes_view(waiting).substr(cut_off());
    const bytes_view chunk = rest.substr(0, codec::first_chunk(rest));
    const codec::Hash128 chunk_hash = codec::hash128(chunk);
    chunks.push_back({cut_off() + chunk.size(), chunk_hash});
    if (codec::ends_list(codec::hash128(chunk_hash.to_string()), ++run)) {
      whole = chunks.size();
      run = 0;
    }
  }

  std::vector<model::Piece> pieces(std::size_t number) const {
    std::vector<model::Piece> out;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < number; ++at) {
      out.push_back({bytes_view(waiting).substr(begin, chunks[at].end - begin), chunks[at].hash});
      begin = chunks[at].end;
    }
    return out;
  }

  const commit::CollectionDefinition& uploads(commit::Transaction& transaction) const {
    const auto& found =
        model::own_collection_for_writing(transaction, {.name = model::uploads_name, .compressed = true});
    if (uploading && !model::find_row(transaction, found, stored.id)) {
      throw Error(ErrorCode::conflict,
                  words() + ": nothing was written for a day, and what had been was given up; write it again");
    }
    return found;
  }

  /// Stores what ends with a list. Relaxed: when the power fails, the writer is gone too.
  void store_batch() {
    if (stored.id.empty()) stored.id = model::content_id(platform::make_uuid());
    const std::vector<model::Piece> batch = pieces(whole);
    model::Content next;
    const auto work = [&](commit::Transaction& transaction) {
      const commit::CollectionDefinition& rows = uploads(transaction);
      model::ContentWriting writing(transaction, stored, stored.parts);
      writing.add(batch);
      next = writing.finish();
      commit::Write row;
      row.space = rows.records();
      row.key = next.id;
      row.body = model::encode_content(next);
      row.time_to_live = upload_kept;
      transaction.write(std::move(row));
    };
    store::run(access->trunk(), work, {.durability = Durability::relaxed});
    uploading = true;
    stored = std::move(next);
    const std::size_t gone = chunks[whole - 1].end;
    waiting.erase(0, gone);
    chunks.erase(chunks.begin(), chunks.begin() + static_cast<std::ptrdiff_t>(whole));
    for (Chunk& chunk : chunks) chunk.end -= gone;
    whole = 0;
  }

  DocumentDescription finish() {
    while (cut_off() < waiting.size()) cut();
    if (options.media_type.empty()) options.media_type = model::media_type_of(beginning);
    DocumentDescription written;
    const CommitResult result =
        access->write([&](commit::Transaction& transaction) { written = finish_in(transaction); });
    ended = true;
    return committed(access, collection, std::move(written), result);
  }

  DocumentDescription finish_in(commit::Transaction& transaction) const {
    const std::string whole_hash = hash.hash().to_string();
    const std::vector<model::Piece> rest = pieces(chunks.size());
    if (!uploading) {
      model::CutContent cut{waiting, whole_hash, {}};
      if (size > model::inline_content_bytes_max) cut.pieces = rest;
      return model::put_document(transaction, collection, key, cut, options);
    }
    model::erase_row(transaction, uploads(transaction), stored.id);
    model::ContentWriting writing(transaction, stored, stored.parts);
    writing.add(rest);
    model::Content content = writing.finish();
    content.hash = whole_hash;
    return model::put_document(transaction, collection, key, content, options);
  }

  void abandon() noexcept {
    try {
      const auto work = [&](commit::Transaction& transaction) {
        const commit::CollectionDefinition* rows = transaction.collection(model::uploads_name);
        if (!rows || !model::find_row(transaction, *rows, stored.id)) return;
        model::erase_row(transaction, *rows, stored.id);
        model::release_content(transaction, stored);
      };
      store::run(access->trunk(), work, {.durability = Durability::relaxed});
    } catch (const std::exception&) {
      // It goes when its time is up.
    }
  }
};

DocumentWriter::DocumentWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
DocumentWriter::DocumentWriter(DocumentWriter&&) noexcept = default;
DocumentWriter& DocumentWriter::operator=(DocumentWriter&&) noexcept = default;
DocumentWriter::~DocumentWriter() = default;

void DocumentWriter::write(bytes_view part) {
  state_->check_going_on();
  for (; !part.empty(); part.remove_prefix(std::min(part.size(), slice_bytes)))
    state_->add(part.substr(0, slice_bytes));
}

DocumentDescription DocumentWriter::finish() {
  state_->check_going_on();
  return state_->finish();
}

// ---- Documents

Documents::Documents(std::shared_ptr<detail::CollectionAccess> access, std::string collection)
    : access_(std::move(access)), collection_(std::move(collection)) {}

DocumentDescription Documents::put(std::string_view key, bytes_view content, const DocumentOptions& options) {
  model::check_document(collection_, key, options);
  if (content.size() > one_commit_bytes_max && access_->reads_newest()) {
    DocumentWriter large = writer(key, options);
    large.write(content);
    return large.finish();
  }
  const model::CutContent cut = model::cut_content(content);
  DocumentDescription written;
  const CommitResult result = access_->write([&](commit::Transaction& transaction) {
    written = model::put_document(transaction, collection_, key, cut, options);
  });
  return committed(access_, collection_, std::move(written), result);
}

DocumentWriter Documents::writer(std::string_view key, const DocumentOptions& options) {
  access_->check_alone("writing " + model::document_words(collection_, key) + " part by part");
  model::check_document(collection_, key, options);
  auto state = std::make_unique<DocumentWriter::State>();
  state->access = access_;
  state->collection = collection_;
  state->key = key;
  state->options = options;
  return DocumentWriter(std::move(state));
}

std::optional<DocumentDescription> Documents::describe(std::string_view key) const {
  std::optional<model::Document> found;
  access_->read([&](commit::Source& source) { found = model::get_document(source, collection_, key); });
  if (!found) return std::nullopt;
  return std::move(found->description);
}

std::optional<Bytes> Documents::get(std::string_view key) const {
  std::optional<Bytes> out;
  access_->read([&](commit::Source& source) {
    out.reset();
    auto found = model::get_document(source, collection_, key);
    if (found) out = reading_of(collection_, key, std::move(found->content)).all(source);
  });
  return out;
}

DocumentReader Documents::reader(std::string_view key) const {
  const Access at = access_->reads_newest() ? Access(Snapshot::State::make(access_->trunk())) : access_;
  std::optional<model::Document> found;
  at->read([&](commit::Source& source) { found = model::get_document(source, collection_, key); });
  if (!found) {
    throw Error(ErrorCode::not_found,
                "there is no " + model::document_words(collection_, key) + "; `strata doc list` names those there are");
  }
  return DocumentReader(std::make_unique<DocumentReader::State>(
      DocumentReader::State{access_, at, collection_, std::move(found->description),
                            reading_of(collection_, key, std::move(found->content))}));
}

DocumentPage Documents::list(std::string_view prefix, std::size_t limit, std::string_view cursor) const {
  DocumentPage page;
  std::string from(cursor);
  if (!from.empty()) from.push_back('\0');
  access_->read([&](commit::Source& source) {
    page = {};
    model::for_each_document(source, collection_, prefix, from, [&](const std::string& key) {
      if (limit > 0 && page.documents.size() == limit) {
        page.cursor = page.documents.back().key;
        return false;
      }
      if (auto found = model::get_document(source, collection_, key))
        page.documents.push_back(std::move(found->description));
      return true;
    });
  });
  return page;
}

bool Documents::erase(std::string_view key) {
  bool existed = false;
  const CommitResult result = access_->write(
      [&](commit::Transaction& transaction) { existed = model::erase_document(transaction, collection_, key); });
  if (result.position != Position{}) settle(*access_->trunk());
  return existed;
}

DocumentStatistics Documents::statistics() const {
  DocumentStatistics out;
  access_->read([&](commit::Source& source) { out = model::document_statistics(source, collection_); });
  return out;
}

Documents Store::documents(std::string_view collection) {
  return {store::require(state_)->access, std::string(collection)};
}
Documents Snapshot::documents(std::string_view collection) const { return {state_, std::string(collection)}; }
Documents Transaction::documents(std::string_view collection) { return {state_, std::string(collection)}; }

}  // namespace strata
