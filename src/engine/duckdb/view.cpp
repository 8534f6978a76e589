#include "engine/duckdb/view.hpp"

#include <algorithm>
#include <utility>

#include "engine/duckdb/database.hpp"
#include "strata/error.hpp"

namespace strata::engine::duck {
namespace {

/// Pages between two wanted ones that are read and dropped rather than asked around.
constexpr std::uint64_t gap_ids_max = 8;

std::uint64_t distance(std::uint64_t a, std::uint64_t b) { return a < b ? b - a : a - b; }

}  // namespace

View::View(Database& database, Connection& connection, PageDirectory directory, std::uint64_t commits)
    : database_(database), connection_(connection), directory_(std::move(directory)), commits_(commits) {}

View::~View() { database_.end_read(connection_); }

std::shared_ptr<const Page> View::page(const PageEntry& entry) {
  const PageEntry* const wanted = &entry;
  return pages({&wanted, 1}).front();
}

std::vector<std::shared_ptr<const Page>> View::pages(std::span<const PageEntry* const> entries) {
  std::vector<std::shared_ptr<const Page>> pages(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) pages[i] = database_.cache().find(entries[i]->id);
  for (std::size_t begin = 0; begin < entries.size();) {
    if (pages[begin] != nullptr) {
      ++begin;
      continue;
    }
    std::size_t end = begin + 1;
    while (end < entries.size() && pages[end] == nullptr &&
           distance(entries[end - 1]->id, entries[end]->id) <= gap_ids_max) {
      ++end;
    }
    read(entries.subspan(begin, end - begin), std::span(pages).subspan(begin, end - begin));
    begin = end;
  }
  return pages;
}

void View::read(std::span<const PageEntry* const> entries, std::span<std::shared_ptr<const Page>> pages) {
  const auto [least, most] = std::minmax_element(entries.begin(), entries.end(),
                                                 [](const PageEntry* a, const PageEntry* b) { return a->id < b->id; });
  {
    const std::scoped_lock lock(mutex_);
    connection_.bodies((*least)->id, (*most)->id, [&](std::uint64_t id, bytes_view body) {
      for (std::size_t i = 0; i < entries.size(); ++i) {
        if (entries[i]->id == id) pages[i] = Page::parse(Bytes(body));
      }
    });
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (pages[i] == nullptr || pages[i]->row(0).key != entries[i]->first) {
      throw Error(ErrorCode::corruption, database_.place() + ": page " + std::to_string(entries[i]->id) +
                                             " is missing or damaged: run `strata verify`, restore a backup");
    }
    database_.cache().keep(entries[i]->id, pages[i]);
  }
}

}  // namespace strata::engine::duck
