// The text index: a follower of the log that keeps the words of one collection's records in an FTS5 table of SQLite
// (https://www.sqlite.org/fts5.html), in a file that all processes of the machine share.
//
// The position that it has reached stands in the same SQLite transaction as what follows from it. It may be deleted or
// damaged at any time, and comes back by itself. A search answers for exactly the state that it is asked about: what
// that state has otherwise than the index (an open transaction's writes, an older snapshot, an index that cannot be
// written) is indexed apart, for that search alone, and the ranks are those of one index over both.
//
// Built without SQLite (STRATA_SQLITE=OFF) the constructor gives `unsupported`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "commit/source.hpp"
#include "strata/search.hpp"

namespace strata::view {

/// Opens the newest state of the store. It may be called while another view is open in the same thread.
using OpenView = std::function<std::unique_ptr<commit::View>()>;

struct TextHit {
  std::string key;
  Version version;   ///< Of the record whose text matched; 0: the source's own transaction writes it.
  double score = 0;  ///< BM25, greater is better.
};

/// The index as of one state. One thread at a time. It pins a state of the index's file, so let it go soon; it may
/// outlive the TextIndex that it came from.
class TextReading {
 public:
  TextReading(TextReading&&) noexcept;
  TextReading& operator=(TextReading&&) noexcept;
  ~TextReading();

  /// Hits by descending score, equal ones by key: `limit` of them from `offset` on. Records that have expired and were
  /// not erased yet are among them: the caller looks at the record. `invalid_argument` for words that cannot be asked
  /// for: none, only excluded ones, a quotation mark without its partner.
  std::vector<TextHit> search(std::string_view words, std::size_t limit, std::size_t offset = 0);

  /// The state that TextIndex::read() opened; for a reading from read_at(), that of its source.
  commit::View& view();
  /// Records that have text, as of the state.
  std::uint64_t rows();
  /// Up to where the shared index had come that took part; 0 when it took no part.
  Position indexed() const;
  /// Records that were indexed for this reading alone.
  std::uint64_t apart() const;
  /// What went wrong, as one line; empty when nothing did. Answers are right nevertheless, unless damaged() > 0.
  std::string trouble() const;
  /// Records that are damaged in the store, so that their text is not known. trouble() names one.
  std::uint64_t damaged() const;

 private:
  friend class TextIndex;
  struct State;
  explicit TextReading(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Thread-safe. One for each (store, collection, text field) in a process. In a forked child its calls give `closed`.
class TextIndex {
 public:
  /// `directory` is made when absent (mode 0700) and holds nothing but this index; empty: a private one, which goes
  /// with this object. Where the directory cannot be written a private one is used too. Opens nothing yet.
  /// `invalid_argument` unless the options name 1 to 8 paths.
  TextIndex(const std::string& directory, const TextOptions& options, const std::string& collection);
  ~TextIndex();
  TextIndex(const TextIndex&) = delete;
  TextIndex& operator=(const TextIndex&) = delete;

  /// Brings the index to the newest state and pins it there. The first one fills it, which may take long.
  TextReading read(const OpenView& open_view);
  /// As of the source, whatever it is: an older snapshot, or a transaction with its own writes. The source must outlive
  /// the reading. Reads past source.tracks(): what a search depends on does not enter the footprint.
  TextReading read_at(commit::Source& source, const OpenView& open_view);

  /// Fills and applies until nothing is left; the position reached. False from `progress` (which may be null) stops at
  /// the next step; what is done stays done. Errors are thrown: `io` when the file cannot be written, `busy`.
  Position bring_up(const OpenView& open_view, engine::Progress* progress);

  struct Description {
    std::uint64_t rows = 0;  ///< Records that have text in it.
    Position indexed;        ///< 0 while it is being filled.
    bool filling = false;
    bool shared = false;  ///< In the directory; else private to this process.
    std::uint64_t file_bytes = 0;
  };
  /// As it is now; brings nothing up. `busy` while a reading of a private index is open.
  Description describe();

  /// The text around what matches, cut out of a record's value: about so many words, `[` and `]` around matches, `...`
  /// where it was cut. Empty when nothing matches.
  std::string snippet(ValueView record, std::string_view words, std::size_t tokens = 16);

  /// Rows that this object has written into the table of words. A change elsewhere in a record writes none.
  std::uint64_t rows_written() const;

  const TextOptions& options() const;

 private:
  class State;
  /// Where the file cannot be written the reading is told, and goes on without.
  void try_advance(TextReading::State& reading, const OpenView& open_view);
  std::shared_ptr<State> state_;
};

}  // namespace strata::view
