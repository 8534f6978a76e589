// Search: nearest vectors, matching text, and both with a filter, over the records of one collection.
//
// A vector field is declared on a collection; then a put whose value has an array of numbers there stores the vector
// apart from the record, under the record's key: the record's value does not hold it. A put without that member leaves
// the vector as it is, and null there removes it. Vectors go with their records. Other fields may change without the
// vector being written or indexed anew.
//
// A text field (one or several paths of the value) is declared in the same way; its text stays in the record.
//
// An index is a follower of the log: it may be deleted or damaged at any time and comes back by itself; answers are
// right meanwhile. A search sees every commit that the caller has made.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "strata/collection.hpp"
#include "strata/graph.hpp"
#include "strata/types.hpp"
#include "strata/value.hpp"

namespace strata {

/// How alike two vectors are. The similarity that hits tell grows with likeness in each:
/// cosine: their cosine, -1 to 1; inner_product: their inner product; l2: the Euclidean distance, negated.
enum class Metric : std::uint8_t { cosine, inner_product, l2 };

/// How an element is stored: 32 or 16 bits of floating point, or 8 bits with a scale for each vector.
enum class ElementType : std::uint8_t { f32, f16, i8 };

/// flat: exact, compares with every vector. hnsw: a navigable graph. ivf: lists around centres.
/// automatic: flat while that is fast, hnsw beyond.
enum class VectorIndex : std::uint8_t { automatic, flat, hnsw, ivf };

std::string_view to_string(Metric metric);
std::string_view to_string(ElementType type);
std::string_view to_string(VectorIndex index);
std::optional<Metric> parse_metric(std::string_view text);
std::optional<ElementType> parse_element_type(std::string_view text);
std::optional<VectorIndex> parse_vector_index(std::string_view text);

inline constexpr std::size_t vector_dimension_max = 16'384;

struct VectorOptions {
  std::string field{};        ///< The member of the value that holds it: a path of names (`embedding`, `a.b`).
  std::size_t dimension = 0;  ///< 1 to vector_dimension_max.
  Metric metric = Metric::cosine;
  ElementType type = ElementType::f32;
  VectorIndex index = VectorIndex::automatic;
  std::size_t connections = 16;       ///< hnsw: edges of a vector (M), 4 to 64.
  std::size_t ef_construction = 200;  ///< hnsw: candidates looked at while it is built, 8 to 1,000.
  /// Who makes vectors of text. Empty: the caller. `lexical`: the store itself, in the commit that writes the record,
  /// from its words and parts of words. That finds what is spelled alike; it knows nothing of meanings.
  std::string embedder{};
  std::vector<std::string> sources{};  ///< With an embedder: the paths of the text, 1 to 8.

  friend bool operator==(const VectorOptions&, const VectorOptions&) = default;
};

/// The state of a vector field's index, as this process sees it.
struct VectorDescription {
  VectorOptions options{};
  std::uint64_t vectors = 0;
  VectorIndex in_use = VectorIndex::flat;  ///< What answers now.
  Position indexed;                        ///< Up to here the segments hold everything; later commits are compared with
                                           ///< one by one.
  std::uint64_t unindexed = 0;             ///< Vectors that were written or erased since.
  std::uint64_t segments = 0;
  std::uint64_t file_bytes = 0;
};

struct TextOptions {
  std::string name{};                 ///< Empty: the paths joined by `,`.
  std::vector<std::string> fields{};  ///< 1 to 8 paths of the value; an array's texts count together.
  /// Words that differ by an English ending are one (Porter's algorithm). Case and diacritics never count.
  bool stemming = false;

  friend bool operator==(const TextOptions&, const TextOptions&) = default;
};

struct TextDescription {
  TextOptions options{};
  std::uint64_t records = 0;  ///< That have text in it.
  Position indexed;
  std::uint64_t file_bytes = 0;
};

/// How the ranks of several legs become one.
enum class Fusion : std::uint8_t {
  reciprocal_rank,  ///< Sum of weight / (60 + rank).
  weighted,         ///< Sum of weight times what the leg's scores are when they are stretched over 0 to 1.
};

/// What a vector is compared with.
struct Near {
  std::string field{};                 ///< Empty: the collection's only vector field.
  std::vector<float> vector{};         ///< Or else `like`, or `words`.
  std::string like{};                  ///< A key of the collection. It is no hit itself.
  std::string words{};                 ///< Text that the field's embedder makes a vector of.
  std::optional<double> similarity{};  ///< At least so alike.
  double weight = 1;
};

/// Words that a text field has. `plain words` (any of them counts, the more the better), `"a phrase"`, `prefix*`,
/// `+must` and `-not`.
struct TextMatch {
  std::string name{};  ///< Of the text field; empty: the collection's only one.
  std::string words{};
  double weight = 1;
};

/// Only records near a node of the graph: those whose node, `collection/key`, a walk from there comes to.
struct Within {
  std::string node{};
  std::size_t hops = 1;  ///< Edges at most; 0: no bound. The node itself, where it is a record, counts too.
  Direction direction = Direction::both;
  std::vector<std::string> types{};  ///< Of edges; empty: all.
};

struct Search {
  std::vector<Near> near{};
  std::optional<TextMatch> text{};
  std::string where{};  ///< As in Query.
  Parameters parameters{};
  std::optional<Within> within{};
  std::optional<Time> since{};
  std::optional<Time> until{};
  std::size_t limit = 10;  ///< 1 to 10,000.
  Fusion fusion = Fusion::reciprocal_rank;
  std::vector<std::string> fields{};  ///< As in Query.
  /// hnsw: candidates looked at; ivf: vectors looked at, about. 0: what finds 95 of 100 and more. Larger finds more.
  std::size_t effort = 0;
  bool exact = false;     ///< Compare with every vector, whatever the index.
  bool snippets = false;  ///< Cut out of the text where it matches.
  /// Wait until the store has reached it.
  std::optional<Position> at_least{};
};

struct Hit {
  Record record{};
  double score = 0;  ///< By which hits are ordered, descending: the similarity where there is one leg.
  std::vector<double> similarities{};  ///< For each Near, as far as it is known: NaN where the leg did not find it.
  std::optional<double> text_score{};  ///< BM25, greater is better.
  /// Rank in each leg, from 1: the vectors' in their order, then the text's. 0: the leg did not find it.
  std::vector<std::size_t> ranks{};
  std::string snippet{};  ///< `[` and `]` stand around what matches.
};

/// How a search was answered.
struct SearchPlan {
  std::string method{};  ///< `exact`, `index`, `filter first`, `text`, `fused`: one line for a person.
  struct Leg {
    std::string name{};    ///< `vector embedding`, `text title,body`, `filter`.
    std::string access{};  ///< `hnsw`, `flat`, `ivf`, `scan`, `fts`, `index NAME`.
    std::string detail{};
    std::uint64_t rows_estimated = 0;
    std::uint64_t rows_visited = 0;
    std::uint64_t rows_matched = 0;
    Position indexed{};  ///< Of the leg's index.
    std::chrono::nanoseconds time{};
  };
  std::vector<Leg> legs{};
  std::chrono::nanoseconds time{};
};

struct SearchResult {
  std::vector<Hit> hits{};
  Position position{};  ///< The state that was asked.
  /// Every record that could be a hit was in reach of the index as of `position`. An approximate index may still have
  /// missed some of the best.
  bool complete = true;
  std::string incomplete_because{};
  SearchPlan plan{};
};

}  // namespace strata
