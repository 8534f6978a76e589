#include <charconv>
#include <sstream>

#include "engine/lmdb/environment.hpp"
#include "engine/lmdb/row_cursor.hpp"
#include "platform/file.hpp"

namespace strata::engine {
namespace {

constexpr MDB_dbi free_list = 0;
constexpr MDB_dbi main_tree = 1;
constexpr std::uint64_t meta_pages = 2;

struct ReaderTable {
  std::uint64_t open = 0;
  std::uint64_t slots = 0;
  std::uint64_t oldest_process = 0;
  std::uint64_t oldest_transaction = UINT64_MAX;
};

/// One line of mdb_reader_list: process id, thread, and the transaction read, or `-` for a slot that lies idle.
int read_line(const char* text, void* context) {
  auto& table = *static_cast<ReaderTable*>(context);
  std::istringstream line(text);
  std::uint64_t process = 0;
  std::string thread;
  std::string transaction;
  if (!(line >> process >> thread >> transaction)) return 0;  // a heading, or `(no active readers)`
  ++table.slots;
  std::uint64_t number = 0;
  const char* end = transaction.data() + transaction.size();
  if (std::from_chars(transaction.data(), end, number).ec != std::errc()) return 0;
  ++table.open;
  if (number < table.oldest_transaction) {
    table.oldest_transaction = number;
    table.oldest_process = process;
  }
  return 0;
}

std::uint64_t pages_of(const MDB_stat& tree) {
  return tree.ms_branch_pages + tree.ms_leaf_pages + tree.ms_overflow_pages;
}

}  // namespace

EngineStatistics Environment::statistics() {
  check();
  EngineStatistics statistics;
  ReaderTable table;
  MDB_envinfo file{};
  {
    const Use use(*this);
    mdb_reader_list(env_, read_line, &table);
    mdb_env_info(env_, &file);
  }

  struct ReadEnd {
    Environment& environment;
    void operator()(MDB_txn* transaction) const noexcept { environment.end_read(transaction); }
  };
  const std::unique_ptr<MDB_txn, ReadEnd> transaction(begin_read().transaction, ReadEnd{*this});
  MDB_stat tree{};
  const auto pages = [&](MDB_dbi number) {
    const int code = mdb_stat(transaction.get(), number, &tree);
    if (code != 0) fail(code, "count pages");
    return pages_of(tree);
  };
  std::uint64_t live_pages = meta_pages + pages(free_list) + pages(main_tree);
  for (std::size_t group = 0; group < space_groups; ++group) {
    live_pages += pages(trees_[group]);
    statistics.details["rows of tree " + std::string(tree_name(group))] = std::to_string(tree.ms_entries);
  }

  statistics.file_bytes = platform::tree_bytes(directory_);
  statistics.live_bytes = live_pages * tree.ms_psize;
  statistics.free_bytes = free_pages(transaction.get()) * tree.ms_psize;
  statistics.readers = table.open;
  statistics.oldest_reader_process = table.oldest_process;
  if (table.open > 0 && file.me_last_txnid > table.oldest_transaction) {
    statistics.oldest_reader_lag = file.me_last_txnid - table.oldest_transaction;
  }
  statistics.details["map bytes"] = std::to_string(file.me_mapsize);
  statistics.details["reader slots"] = std::to_string(table.slots) + " of " + std::to_string(file.me_maxreaders);
  statistics.details["last transaction"] = std::to_string(file.me_last_txnid);
  return statistics;
}

/// Each row of the free list holds pages that one transaction freed: their count, then their numbers.
std::uint64_t Environment::free_pages(MDB_txn* transaction) const {
  MDB_cursor* opened = nullptr;
  int code = mdb_cursor_open(transaction, free_list, &opened);
  if (code != 0) fail(code, "walk the free list");
  const std::unique_ptr<MDB_cursor, decltype(&mdb_cursor_close)> cursor(opened, &mdb_cursor_close);
  std::uint64_t total = 0;
  MDB_val key{};
  MDB_val pages{};
  while ((code = mdb_cursor_get(cursor.get(), &key, &pages, MDB_NEXT)) == 0) {
    std::size_t count = 0;
    if (pages.mv_size < sizeof count) fail(MDB_CORRUPTED, "walk the free list");
    std::memcpy(&count, pages.mv_data, sizeof count);
    total += count;
  }
  if (code != MDB_NOTFOUND) fail(code, "walk the free list");
  return total;
}

}  // namespace strata::engine
