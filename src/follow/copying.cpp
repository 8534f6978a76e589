#include "follow/copying.hpp"

#include "codec/ordered.hpp"
#include "codec/varint.hpp"
#include "commit/derivation.hpp"
#include "commit/epoch.hpp"
#include "commit/source.hpp"
#include "follow/log_reader.hpp"
#include "platform/clock.hpp"
#include "strata/error.hpp"

namespace strata::follow {
namespace {

using commit::CollectionDefinition;
using engine::Space;

constexpr auto section_timeout = std::chrono::seconds(60);
/// A power failure takes back at most so much of what was written.
constexpr std::size_t unsynced_bytes_max = std::size_t{64} << 20;
constexpr std::uint64_t refills_max = 3;

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::invalid_argument, why); }

/// All rows of a range; for ranges that are small.
std::vector<MirroredRow> rows_of(engine::Reader& reader, Space space, bytes_view begin = {}, bytes_view end = {}) {
  std::vector<MirroredRow> rows;
  const auto cursor = reader.scan({space, begin, end}, {});
  while (cursor->next()) rows.push_back({space, Bytes(cursor->key()), Bytes(cursor->value())});
  return rows;
}

}  // namespace

Copying::Copying(commit::Trunk& from, commit::Trunk& to, const CopyOptions& options, engine::Progress* progress)
    : from_(from), to_(to), options_(options), progress_(progress) {
  if (options_.batch_rows == 0 || options_.batch_bytes == 0)
    refuse("batch_rows and batch_bytes must be greater than 0");
}

CopyReport Copying::run(const Named& named) {
  if (to_.filling()) {
    report_.resumed = true;
  } else {
    begin();
  }
  resume();
  named(from_.view()->head().store_id);
  if (point_.phase == Phase::fill && point_.space == Space{}) start_fill();
  for (;;) {
    try {
      if (point_.phase == Phase::fill) {
        while (fill_step()) {
        }
      }
      if (point_.phase == Phase::catch_up) catch_up();
      break;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::gap) throw;
      if (++report_.refills > refills_max) {
        throw Error(ErrorCode::gap,
                    "the log of the source was trimmed before the copy could catch up, " +
                        std::to_string(report_.refills) +
                        " times; let those who write to it open it with a higher log_bytes_max, then copy again");
      }
      start_fill();
    }
  }
  while (check_step()) {
  }
  return finish();
}

/// Marks the target, in one commit with the first point.
void Copying::begin() {
  Uuid source_id;
  std::uint64_t incarnation = 0, digest_key = 0;
  {
    const auto view = from_.view();
    source_id = view->head().store_id;
    incarnation = view->head().incarnation;
    digest_key = view->head().digest_key;
  }
  to_.exclusive(to_.deadline(section_timeout), Durability::sync, [&](commit::Writer& writer) {
    codec::Head& head = writer.head();
    if (head.store_id == source_id) refuse("the target is the source itself, or a finished copy of it; copy elsewhere");
    if (head.position != Position{} || head.records != 0) {
      refuse("the target holds a store already, at position " + std::to_string(head.position.value) +
             "; copy into a new place");
    }
    point_.epoch = head.epoch;
    point_.incarnation = incarnation;
    head.store_id = source_id;
    head.digest_key = digest_key;
    head.epoch = commit::filling_epoch;
    writer.transaction().put({commit::state_space, copy_point_key}, encode_copy_point(point_));
    writer.note_written();
  });
  to_.take_up_epoch();
}

void Copying::resume() {
  Uuid of;
  {
    const auto snapshot = to_.engine().snapshot();
    const auto row = snapshot->get({commit::state_space, copy_point_key});
    if (!row) {
      throw Error(ErrorCode::corruption, "the target does not say where its copy stands; delete it, and copy again");
    }
    stored_ = *row;
    point_ = decode_copy_point(stored_);
    of = codec::decode_head(*snapshot->get(engine::head_key)).store_id;
  }
  const Uuid source = from_.view()->head().store_id;
  if (of != source) {
    refuse("the target holds an unfinished copy of store " + of.to_string() + ", not of " + source.to_string() +
           "; go on with that one, or copy into a new place");
  }
  if (point_.phase != Phase::check) check_source();
}

/// Is the source still what the copy was begun from? Its chain at our position tells, as far as its log reaches back.
void Copying::check_source() {
  if (point_.phase == Phase::fill && point_.space == Space{}) return;
  const auto view = from_.view();
  const codec::Head& head = view->head();
  bool same = head.incarnation == point_.incarnation && point_.position <= head.position;
  if (same && point_.position == head.position) same = point_.chain == head.chain;
  if (same && point_.position > head.log_base && point_.position < head.position) {
    commit::ViewSource source(*view, platform::clock().now());
    read_log(source, Position{point_.position.value - 1}, [&](const codec::Entry& entry) {
      same = entry.chain == point_.chain;
      return false;
    });
  }
  if (!same) refuse("the source has been restored since the copy was begun; delete the target, and copy again");
}

void Copying::write(const Section& work, Durability durability) {
  const auto transaction = to_.engine().begin_write(to_.deadline(section_timeout));
  commit::Writer writer(*transaction, catalogue_, commit::filling_epoch, platform::clock().now());
  catalogue_ = writer.catalogue();
  const auto there = transaction->get({commit::state_space, copy_point_key});
  if (!there || *there != stored_) {
    throw Error(ErrorCode::busy, "another process goes on with the same copy; let it, or end it first");
  }
  Mirror mirror(writer);
  work(writer, mirror);
  const Bytes row = encode_copy_point(point_);
  transaction->put({commit::state_space, copy_point_key}, row);
  writer.note_written();
  writer.finish();
  if (unsynced_bytes_ > unsynced_bytes_max) durability = Durability::sync;
  transaction->commit(durability);
  if (durability == Durability::sync) unsynced_bytes_ = 0;
  stored_ = row;
}

void Copying::advance(std::string_view phase, std::uint64_t done, std::uint64_t total) {
  if (progress_ && !progress_->advance(phase, done, std::max(done, total))) {
    throw Error(ErrorCode::busy, "the copy was cancelled; the same call goes on from where it stands");
  }
}

void Copying::drop_gone(const commit::Catalogue& now, Mirror& mirror) {
  for (const auto& [name, before] : catalogue_->collections()) {
    const CollectionDefinition* after = now.find(before.records());
    if (!after) mirror.drop(before.records());
    if (before.options.history.enabled && (!after || after->history_id != before.history_id))
      mirror.drop(before.history());
  }
}

void Copying::mirror_catalogue(commit::View& view, commit::Writer& writer, Mirror& mirror) {
  drop_gone(view.catalogue(), mirror);
  mirror.replace(rows_of(view.reader(), commit::catalogue_space),
                 rows_of(writer.transaction(), commit::catalogue_space));
  const Bytes begin = "history/";
  const Bytes end = codec::prefix_end(begin);
  mirror.replace(rows_of(view.reader(), commit::state_space, begin, end),
                 rows_of(writer.transaction(), commit::state_space, begin, end));
  writer.head().catalogue = view.head().catalogue;
  catalogue_ = commit::Catalogue::load(writer.transaction(), view.head().catalogue);
}

CopyReport Copying::finish() {
  const codec::Head source = codec::decode_head(point_.head);
  write(
      [&](commit::Writer& writer, Mirror&) {
        check_digest(writer);
        for (const auto& [name, collection] : catalogue_->collections()) {
          ++report_.collections;
          report_.records += writer.totals(collection.records()).rows;
          if (collection.options.history.enabled) report_.history_rows += writer.totals(collection.history()).rows;
        }
      },
      Durability::sync);
  // Only what is on disk may be called a store.
  const auto transaction = to_.engine().begin_write(to_.deadline(section_timeout));
  commit::Writer writer(*transaction, catalogue_, commit::filling_epoch, platform::clock().now());
  codec::Head& head = writer.head();
  head.incarnation = source.incarnation + 1;
  head.epoch = point_.epoch;
  head.position = source.position;
  head.time = source.time;
  head.chain = source.chain;
  head.catalogue = source.catalogue;
  head.log_base = source.position;
  head.sampled = source.sampled;
  transaction->erase({commit::state_space, copy_point_key});
  writer.note_written();
  writer.finish();
  transaction->commit(Durability::sync);
  to_.take_up_epoch();
  to_.engine().wake().notify();
  report_.position = source.position;
  report_.digest = source.digest.to_string();
  return report_;
}

}  // namespace strata::follow
