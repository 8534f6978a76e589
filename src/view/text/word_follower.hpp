// Brings the tables of a text index from one state of the store to a later one.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "commit/source.hpp"
#include "view/text/index_file.hpp"
#include "view/text/text_index.hpp"
#include "view/text/word_table.hpp"

namespace strata::view::text {

/// Reads the text of one stored row into the table, or sets the record aside when it is damaged.
void put_row(WordTable& table, const commit::CollectionDefinition& collection, const TextOptions& options,
             bytes_view key, bytes_view row);

/// Thread-safe.
class WordFollower {
 public:
  WordFollower(std::string directory, TextOptions options, std::string collection);

  const TextOptions& options() const { return options_; }
  const std::string& collection() const { return collection_; }
  IndexFile& file() { return *file_; }
  std::uint64_t rows_written() const { return rows_written_; }

  struct Step {
    bool done = false;  ///< The table has everything that the newest state had.
    bool filling = false;
    Position reached;
    std::uint64_t handled = 0;  ///< Records filled, or positions applied.
    std::uint64_t total = 0;    ///< That there were to handle.
  };
  static constexpr std::size_t keys_at_a_step = 2000;
  /// One short write transaction: so many records, or the rest of one log entry more.
  Step step(const OpenView& open_view, std::size_t keys_max = keys_at_a_step);
  /// Steps until there is nothing left; larger ones after a while, so that those who commit meanwhile are caught up
  /// with.
  void advance(const OpenView& open_view);

  /// How a table stands to a state.
  enum class Relation {
    exact,    ///< It answers for the state.
    behind,   ///< The log leads on to it.
    ahead,    ///< The state is an older one; or the store was put back.
    useless,  ///< It is to be filled, or filled anew.
  };
  /// `committed`: the state is one that others see, not that inside a write section.
  Relation relation_of(commit::Source& source, const std::optional<TableState>& state, bool committed);

 private:
  using Definition = commit::CollectionDefinition;
  Step step_once(const OpenView& open_view, std::size_t keys_max);
  void fill_step(WordTable& table, commit::View& view, const Definition& definition, TableState& state, Step& step);
  void apply_step(WordTable& table, commit::Source& source, TableState& state, std::size_t keys_max, Step& step);
  Relation relation_by_log(commit::Source& source, const TableState& state, bool committed);

  const TextOptions options_;
  const std::string collection_;
  const std::shared_ptr<IndexFile> file_;
  std::atomic<std::uint64_t> rows_written_{0};
  std::mutex writing_;  ///< One thread of this process at a time waits for SQLite's write lock.

  /// Up to `quiet_to` no record of the collection changed after the point; so that the log is not read again and again.
  struct Seen {
    follow::ViewPoint point;
    std::uint64_t lineage = 0;
    Position quiet_to;
  };
  std::mutex seen_mutex_;
  Seen seen_;
};

}  // namespace strata::view::text
