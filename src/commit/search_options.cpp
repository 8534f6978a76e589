#include "commit/search_options.hpp"

#include <array>
#include <string>
#include <utility>

#include "strata/error.hpp"

namespace strata {
namespace {

template <class Enum, std::size_t n>
using Names = std::array<std::pair<Enum, std::string_view>, n>;

constexpr Names<Metric, 3> metrics{
    {{Metric::cosine, "cosine"}, {Metric::inner_product, "inner_product"}, {Metric::l2, "l2"}}};
constexpr Names<ElementType, 3> element_types{
    {{ElementType::f32, "f32"}, {ElementType::f16, "f16"}, {ElementType::i8, "i8"}}};
constexpr Names<VectorIndex, 4> vector_indexes{{{VectorIndex::automatic, "auto"},
                                                {VectorIndex::flat, "flat"},
                                                {VectorIndex::hnsw, "hnsw"},
                                                {VectorIndex::ivf, "ivf"}}};

template <class Enum, std::size_t n>
std::string_view name_of(const Names<Enum, n>& names, Enum wanted) {
  for (const auto& [value, name] : names) {
    if (value == wanted) return name;
  }
  return "unknown";
}

template <class Enum, std::size_t n>
std::optional<Enum> named(const Names<Enum, n>& names, std::string_view wanted) {
  for (const auto& [value, name] : names) {
    if (name == wanted) return value;
  }
  return std::nullopt;
}

template <class Enum>
Enum require(std::optional<Enum> found, std::string_view what, ValueView stored) {
  if (found) return *found;
  throw Error(ErrorCode::corruption, "a vector field is declared with the " + std::string(what) + " `" +
                                         std::string(stored.string_or("?")) +
                                         "`, which this version of Strata does not know");
}

}  // namespace

std::string_view to_string(Metric metric) { return name_of(metrics, metric); }
std::string_view to_string(ElementType type) { return name_of(element_types, type); }
std::string_view to_string(VectorIndex index) { return name_of(vector_indexes, index); }
std::optional<Metric> parse_metric(std::string_view text) { return named(metrics, text); }
std::optional<ElementType> parse_element_type(std::string_view text) { return named(element_types, text); }
std::optional<VectorIndex> parse_vector_index(std::string_view text) { return named(vector_indexes, text); }

namespace commit {

Value encode_vector_options(const VectorOptions& options) {
  Value body = Value::object({{"field", options.field},
                              {"dimension", options.dimension},
                              {"metric", to_string(options.metric)},
                              {"type", to_string(options.type)},
                              {"index", to_string(options.index)},
                              {"connections", options.connections},
                              {"ef_construction", options.ef_construction}});
  if (options.embedder.empty()) return body;
  const std::vector<Value> sources(options.sources.begin(), options.sources.end());
  body.set("embedder", Value(options.embedder));
  body.set("sources", Value::array(sources));
  return body;
}

VectorOptions decode_vector_options(ValueView body) {
  VectorOptions options;
  options.field = body["field"].as_string();
  options.dimension = body["dimension"].as_uint();
  options.metric = require(parse_metric(body["metric"].string_or("")), "metric", body["metric"]);
  options.type = require(parse_element_type(body["type"].string_or("")), "element type", body["type"]);
  options.index = require(parse_vector_index(body["index"].string_or("")), "index", body["index"]);
  options.connections = body["connections"].as_uint();
  options.ef_construction = body["ef_construction"].as_uint();
  options.embedder = body["embedder"].string_or("");
  for (const auto& [unused, source] : body["sources"]) options.sources.emplace_back(source.as_string());
  return options;
}

Value encode_text_options(const TextOptions& options) {
  const std::vector<Value> fields(options.fields.begin(), options.fields.end());
  return Value::object({{"name", options.name}, {"fields", Value::array(fields)}, {"stemming", options.stemming}});
}

TextOptions decode_text_options(ValueView body) {
  TextOptions options;
  options.name = body["name"].as_string();
  for (const auto& [unused, field] : body["fields"]) options.fields.emplace_back(field.as_string());
  options.stemming = body["stemming"].bool_or(false);
  return options;
}

}  // namespace commit
}  // namespace strata
