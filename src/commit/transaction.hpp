// Reads from a view and notes what it read; keeps its writes to itself until they become a request.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "commit/source.hpp"
#include "strata/error.hpp"

namespace strata::commit {

/// What a transaction that has read nothing yet takes for the newest state. The write section finds out.
struct Presumption {
  Position position;
  std::shared_ptr<const Catalogue> catalogue;  ///< As of the position.
  std::uint64_t lineage = 0;                   ///< Of the engine.
};

/// What was presumed is not so: the work is to be run again, on a view from its start.
class WrongPresumption : public Error {
 public:
  using Error::Error;
};

class Transaction : public Source {
 public:
  enum class Tracking { footprint, none };  ///< none: inside the write section, where nothing can change underneath.
  Transaction(std::unique_ptr<View> view, const Uuid& id, Time now, Tracking tracking);
  /// Opens its view when it is asked for what it cannot presume; one that only writes needs none.
  Transaction(Presumption presumption, std::function<std::unique_ptr<View>()> open_view, const Uuid& id, Time now);
  ~Transaction() override;

  std::optional<bytes_view> get(Space space, bytes_view key) override;
  void get_many(std::span<const engine::Key> keys, const engine::Reader::Sink& sink) override;
  std::unique_ptr<engine::Cursor> scan(Space records, engine::KeyRange range, engine::ScanHints hints) override;
  const CollectionDefinition* collection(std::string_view name) override;
  const PendingWrites* pending(Space space) const override;
  const LocalWrite* pending_local(Space space, bytes_view key) const override;
  View& view() override;
  bool tracks() const override { return true; }
  Position position() { return view().position(); }
  Time now() const override { return now_; }

  /// The declaration; made, with the next free space, when there is none. Kept until the commit.
  const CollectionDefinition& collection_for_writing(std::string_view name);
  /// Replaces a declaration (and makes its record in the catalogue).
  void define(CollectionDefinition definition);
  /// Numbers a new space.
  std::uint32_t take_space();
  void forget_definition(std::string_view name);

  /// One write a key: the last counts. `limit_exceeded` past the limits of a transaction.
  void write(Write write);
  void write_local(LocalWrite write);
  /// Kept in order. Not among the pending writes: a transaction does not see what it appends. Counts as a write.
  /// `mark`: what it is to be found by, unless empty.
  void append(Append append, bytes_view mark);
  /// How many were appended to a sequence.
  std::uint64_t appended(Space space, bytes_view prefix) const;
  /// The append with the mark; null when there is none.
  const Append* appended(bytes_view mark) const;

  /// Keys that this transaction makes follow from its id, so that the same id makes the same keys: version 7 UUIDs,
  /// rising.
  Uuid make_key();
  const Uuid& id() const { return id_; }
  /// Records changed so far.
  std::uint64_t changes() const { return changes_; }
  bool wrote() const { return changes_ > 0 || !local_writes_.empty(); }
  /// Lets the view go early: nothing can be read any more.
  void let_go();
  /// Ends the transaction: what it asks for. Lets the view go.
  Request take_request();

 private:
  class TrackingCursor;
  void adopt_view();
  const Catalogue& catalogue() const { return view_ ? view_->catalogue() : *presumed_; }
  const CollectionDefinition* find_declaration(std::string_view name);
  void count_bytes(std::size_t bytes);
  void count_change();
  void note_key(Space space, bytes_view key, std::uint64_t stamp);
  void note_range(ReadRange range);

  std::unique_ptr<View> view_;  ///< Null: not opened yet, or let go.
  std::function<std::unique_ptr<View>()> open_view_;
  std::shared_ptr<const Catalogue> presumed_;
  bool wrong_ = false;  ///< The presumption was.
  Uuid id_;
  Time now_;
  Tracking tracking_;
  Position position_;                                  ///< What was read is true at it
  std::uint64_t lineage_ = 0;                          ///< in this lineage of the engine.
  std::unordered_map<Bytes, std::size_t> keys_noted_;  ///< space and key -> place in the footprint
  Footprint footprint_;
  std::map<std::uint32_t, PendingWrites> writes_;
  std::map<std::string, CollectionDefinition, std::less<>> definitions_;
  std::vector<LocalWrite> local_writes_;
  std::unordered_map<Bytes, std::size_t> local_writes_by_key_;  ///< space and key -> place in local_writes_
  std::vector<Append> appends_;
  std::unordered_map<Bytes, std::uint64_t> appended_;    ///< space and prefix -> number
  std::unordered_map<Bytes, std::size_t> append_marks_;  ///< mark -> place in appends_
  std::optional<std::uint32_t> next_space_;
  std::uint64_t changes_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint32_t keys_made_ = 0;
  std::uint64_t rows_in_ranges_ = 0;
};

}  // namespace strata::commit
