#include "commit/transaction.hpp"

#include "codec/hash.hpp"
#include "codec/varint.hpp"
#include "strata/error.hpp"

namespace strata::commit {
namespace {

Bytes noted_key(Space space, bytes_view key) {
  Bytes out;
  out.reserve(4 + key.size());
  codec::append_be32(out, space.id);
  out.append(key);
  return out;
}

}  // namespace

/// Fingerprints what passes by; what was read becomes part of the footprint when the cursor goes.
class Transaction::TrackingCursor : public engine::Cursor {
 public:
  TrackingCursor(Transaction& transaction, std::unique_ptr<engine::Cursor> inner, ReadRange range)
      : transaction_(transaction), inner_(std::move(inner)), range_(std::move(range)) {}

  ~TrackingCursor() override {
    if (!moved_) return;
    if (!ended_) {
      if (range_.reverse) {
        range_.begin = last_;
      } else {
        range_.end = last_ + '\0';
      }
    }
    transaction_.note_range(std::move(range_));
  }

  bool next() override {
    moved_ = true;
    if (ended_ || !inner_->next()) {
      ended_ = true;
      return false;
    }
    last_ = inner_->key();
    range_.fingerprint = fingerprint_after(range_.fingerprint, range_.space, last_, inner_->value());
    ++range_.rows;
    if (++transaction_.rows_in_ranges_ > footprint_rows_max) {
      throw Error(ErrorCode::limit_exceeded, "a transaction may read ranges of at most " +
                                                 std::to_string(footprint_rows_max) +
                                                 " rows in all; read from a snapshot, or in smaller transactions");
    }
    return true;
  }
  bytes_view key() const override { return inner_->key(); }
  bytes_view value() const override { return inner_->value(); }

 private:
  static constexpr std::uint64_t footprint_rows_max = 10'000'000;

  Transaction& transaction_;
  std::unique_ptr<engine::Cursor> inner_;
  ReadRange range_;
  Bytes last_;
  bool moved_ = false;
  bool ended_ = false;
};

Transaction::Transaction(std::unique_ptr<View> view, const Uuid& id, Time now, Tracking tracking)
    : view_(std::move(view)),
      id_(id),
      now_(now),
      tracking_(tracking),
      position_(view_->position()),
      lineage_(view_->lineage()) {}

Transaction::Transaction(Presumption presumption, std::function<std::unique_ptr<View>()> open_view, const Uuid& id,
                         Time now)
    : open_view_(std::move(open_view)),
      presumed_(std::move(presumption.catalogue)),
      id_(id),
      now_(now),
      tracking_(Tracking::footprint),
      position_(presumption.position),
      lineage_(presumption.lineage) {}

Transaction::~Transaction() = default;

View& Transaction::view() {
  if (!view_) adopt_view();
  return *view_;
}

/// What was noted of the presumed catalogue must be true of the view too: then all was read at its position.
void Transaction::adopt_view() {
  const auto refuse = [] {
    throw WrongPresumption(ErrorCode::conflict,
                           "a collection was changed by another transaction meanwhile; run this one again");
  };
  if (wrong_) refuse();
  if (!open_view_) throw Error(ErrorCode::closed, "the transaction has ended; nothing can be read with it any more");
  auto view = open_view_();
  const Catalogue& now = view->catalogue();
  wrong_ = view->lineage() != lineage_ && !footprint_.keys.empty();
  for (const ReadKey& read : footprint_.keys) {
    Version version = now.next_space_version();
    if (read.key != next_space_key) {
      const CollectionDefinition* found = now.find(read.key);
      version = found ? found->version : Version{};
    }
    wrong_ = wrong_ || version.value != read.stamp;
  }
  if (wrong_) refuse();
  view_ = std::move(view);
  position_ = view_->position();
  lineage_ = view_->lineage();
  open_view_ = nullptr;
}

void Transaction::let_go() {
  view_.reset();
  open_view_ = nullptr;
}

void Transaction::note_key(Space space, bytes_view key, std::uint64_t stamp) {
  if (tracking_ == Tracking::none) return;
  const auto [unused, fresh] = keys_noted_.try_emplace(noted_key(space, key), footprint_.keys.size());
  if (!fresh) return;
  if (footprint_.keys.size() >= footprint_keys_max) {
    throw Error(ErrorCode::limit_exceeded, "a transaction may read at most " + std::to_string(footprint_keys_max) +
                                               " keys one by one; read from a snapshot, or in smaller transactions");
  }
  footprint_.keys.push_back({space, Bytes(key), stamp});
}

void Transaction::note_range(ReadRange range) {
  if (tracking_ == Tracking::footprint) footprint_.ranges.push_back(std::move(range));
}

std::optional<bytes_view> Transaction::get(Space space, bytes_view key) {
  const auto row = view().reader().get({space, key});
  note_key(space, key, row ? stamp_of(space, *row) : 0);
  return row;
}

void Transaction::get_many(std::span<const engine::Key> keys, const engine::Reader::Sink& sink) {
  view().reader().get_many(keys, [&](std::size_t at, std::optional<bytes_view> row) {
    note_key(keys[at].space, keys[at].bytes, row ? stamp_of(keys[at].space, *row) : 0);
    sink(at, row);
  });
}

std::unique_ptr<engine::Cursor> Transaction::scan(Space records, engine::KeyRange range, engine::ScanHints hints) {
  auto cursor = view().reader().scan(range, hints);
  if (tracking_ == Tracking::none) return cursor;
  ReadRange read;
  read.space = range.space;
  read.source = records;
  read.begin = range.begin;
  read.end = range.end;
  read.reverse = hints.reverse;
  return std::make_unique<TrackingCursor>(*this, std::move(cursor), std::move(read));
}

const CollectionDefinition* Transaction::collection(std::string_view name) {
  static_cast<void>(view());  // whoever reads is not told what is presumed
  return find_declaration(name);
}

const CollectionDefinition* Transaction::find_declaration(std::string_view name) {
  if (const auto own = definitions_.find(name); own != definitions_.end()) return &own->second;
  const CollectionDefinition* found = catalogue().find(name);
  note_key(catalogue_space, name, found ? found->version.value : 0);
  return found;
}

const PendingWrites* Transaction::pending(Space space) const {
  const auto found = writes_.find(space.id);
  return found == writes_.end() ? nullptr : &found->second;
}

std::uint32_t Transaction::take_space() {
  if (!next_space_) {
    next_space_ = catalogue().next_space();
    note_key(catalogue_space, next_space_key, catalogue().next_space_version().value);
  }
  const std::uint32_t taken = (*next_space_)++;
  if (taken > 0x7FFFFF)
    throw Error(ErrorCode::limit_exceeded, "the store has used up its 8,388,607 spaces; dump and load it");
  Write write;
  write.space = catalogue_space;
  write.key = next_space_key;
  write.body = Value::object({{"next", *next_space_}}).encoded();
  this->write(std::move(write));
  return taken;
}

void Transaction::define(CollectionDefinition definition) {
  find_declaration(definition.name);
  Write write;
  write.space = catalogue_space;
  write.key = definition.name;
  write.body = encode_definition(definition).encoded();
  this->write(std::move(write));
  definitions_.insert_or_assign(definition.name, std::move(definition));
}

void Transaction::forget_definition(std::string_view name) {
  collection(name);
  Write write;
  write.kind = Write::Kind::erase;
  write.space = catalogue_space;
  write.key = name;
  this->write(std::move(write));
  definitions_.erase(std::string(name));
}

const CollectionDefinition& Transaction::collection_for_writing(std::string_view name) {
  if (const CollectionDefinition* found = find_declaration(name)) return *found;
  check_collection_name(name);
  CollectionDefinition definition;
  definition.name = name;
  definition.id = take_space();
  define(std::move(definition));
  return *find_declaration(name);
}

void Transaction::count_bytes(std::size_t bytes) {
  bytes_ += bytes;
  if (bytes_ > transaction_bytes_max) {
    throw Error(ErrorCode::limit_exceeded, "a transaction may write at most " +
                                               std::to_string(transaction_bytes_max >> 20) +
                                               " MiB (transaction_bytes_max); split it");
  }
}

void Transaction::count_change() {
  if (++changes_ > transaction_changes_max) {
    throw Error(ErrorCode::limit_exceeded, "a transaction may change at most " +
                                               std::to_string(transaction_changes_max) +
                                               " records (transaction_changes_max); split it");
  }
}

void Transaction::write(Write write) {
  PendingWrites& space = writes_[write.space.id];
  count_bytes(write.key.size() + write.body.size());
  Bytes key = write.key;
  if (space.insert_or_assign(std::move(key), std::move(write)).second) count_change();
}

void Transaction::append(Append append, bytes_view mark) {
  count_bytes(append.prefix.size() + append.body.size());
  count_change();
  ++appended_[noted_key(append.space, append.prefix)];
  if (!mark.empty()) append_marks_.emplace(mark, appends_.size());
  appends_.push_back(std::move(append));
}

std::uint64_t Transaction::appended(Space space, bytes_view prefix) const {
  const auto found = appended_.find(noted_key(space, prefix));
  return found == appended_.end() ? 0 : found->second;
}

const Append* Transaction::appended(bytes_view mark) const {
  const auto found = append_marks_.find(Bytes(mark));
  return found == append_marks_.end() ? nullptr : &appends_[found->second];
}

void Transaction::write_local(LocalWrite write) {
  const auto [place, fresh] = local_writes_by_key_.try_emplace(noted_key(write.space, write.key), local_writes_.size());
  if (fresh) {
    local_writes_.push_back(std::move(write));
  } else {
    local_writes_[place->second] = std::move(write);
  }
}

const LocalWrite* Transaction::pending_local(Space space, bytes_view key) const {
  const auto found = local_writes_by_key_.find(noted_key(space, key));
  return found == local_writes_by_key_.end() ? nullptr : &local_writes_[found->second];
}

Uuid Transaction::make_key() {
  // RFC 9562, version 7: the milliseconds and the counter of the id, so that the keys of a process rise as its ids do;
  // then 62 bits that follow from the id, plus the ordinal. The highest of them is left zero: adding cannot overflow.
  constexpr std::uint64_t start_bits = (std::uint64_t{1} << 61) - 1;
  const std::uint64_t low = (codec::hash128(id_.view(), 1).low & start_bits) + keys_made_;
  ++keys_made_;
  Uuid key = id_;
  const std::uint64_t variant_and_low = (std::uint64_t{2} << 62) | low;
  for (std::size_t i = 0; i < 8; ++i) key.bytes[8 + i] = static_cast<std::uint8_t>(variant_and_low >> (8 * (7 - i)));
  return key;
}

Request Transaction::take_request() {
  if (wrong_) adopt_view();
  Request request;
  request.id = id_;
  request.seen = position_;
  request.lineage = lineage_;
  request.bytes = bytes_;
  request.footprint = std::move(footprint_);
  request.local_writes = std::move(local_writes_);
  request.appends = std::move(appends_);
  for (auto& [unused, space] : writes_) {
    for (auto& [key, write] : space) request.writes.push_back(std::move(write));
  }
  writes_.clear();
  view_.reset();
  return request;
}

}  // namespace strata::commit
