// What the program does whose calls fail while it indexes, and what must be found whatever failed.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "strata/strata.hpp"

namespace strata::faults {

inline constexpr std::uint32_t step_build = 1, step_vectors = 2, step_words = 3, step_put = 4;
/// As many as are worth an index on disk.
inline constexpr int notes_put = 2'100;
inline constexpr int notes_nearest = 5;

inline Value note(int number, const std::string& word) {
  return Value::object({{"text", word + " n" + std::to_string(number % 300)},
                        {"place", Value::array({number, number % 7, number % 11, 1})}});
}

inline void declare_views(Collection& notes) {
  notes.create_vector({.field = "place", .dimension = 4, .metric = Metric::l2, .index = VectorIndex::hnsw});
  notes.create_text({.name = "text", .fields = {"text"}});
}

inline void put_notes(Store& store) {
  store.transact([](Transaction& transaction) {
    Collection notes = transaction.collection("notes");
    for (int number = 0; number < notes_put; ++number) notes.put("k" + std::to_string(number), note(number, "note"));
  });
}

/// Throws std::logic_error unless the answer is right.
inline void check_vectors(const Collection& notes) {
  for (const int number : {0, 700, notes_put - 1}) {
    Search search;
    search.near = {
        {.vector = {static_cast<float>(number), static_cast<float>(number % 7), static_cast<float>(number % 11), 1}}};
    search.limit = notes_nearest;
    const SearchResult found = notes.search(search);
    if (found.hits.size() != notes_nearest || found.hits[0].record.key != "k" + std::to_string(number))
      throw std::logic_error("a search gives another record than the one that is nearest");
  }
}

inline void check_words(const Collection& notes) {
  Search search;
  search.text = TextMatch{.words = "n17"};
  const SearchResult found = notes.search(search);
  if (found.complete && found.hits.size() != notes_put / 300)
    throw std::logic_error("a search misses what has the word");
}

}  // namespace strata::faults
