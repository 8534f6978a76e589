// The catalogue: which collections there are, where they lie, and what is kept for them. A record space of its own
// (key: the collection's name), so that a change of declarations is a logged transaction like any other.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "codec/dictionary.hpp"
#include "commit/spaces.hpp"
#include "strata/collection.hpp"
#include "strata/engine.hpp"
#include "strata/search.hpp"
#include "strata/value.hpp"

namespace strata::commit {

struct IndexDefinition {
  std::uint32_t id = 0;
  IndexOptions options;
  bool ready = false;  ///< Else building: writers maintain it, queries do not use it.

  Space space() const { return Space::make(SpaceGroup::derived, id); }
  /// Has no rows, only totals: how many entries stand for text outside of arrays. While there are none, `contains`
  /// needs to look at whole elements alone.
  Space text_space() const { return Space::make(SpaceGroup::derived, id | 0x800000u); }
};

struct CollectionDefinition {
  std::string name;
  std::uint32_t id = 0;
  CollectionOptions options;
  std::uint32_t history_id = 0;  ///< Of the space of earlier versions; a new one whenever history is switched on.
  std::vector<IndexDefinition> indexes;
  std::vector<VectorOptions> vectors;
  std::vector<TextOptions> texts;
  std::shared_ptr<const codec::Dictionary> dictionary{};  ///< Bodies are compressed with it; null: they are not.
  bool compressed = false;  ///< While there is no dictionary, bodies are compressed without one.
  bool documents = false;   ///< Some records may have documents.
  Version version;          ///< Of the catalogue's record.

  Space records() const { return Space::make(SpaceGroup::record, id); }
  Space history() const { return Space::make(SpaceGroup::history, history_id); }
  const IndexDefinition* index(std::string_view index_name) const;
  /// The field's declaration; null when there is none.
  const VectorOptions* vector(std::string_view field) const;
  const TextOptions* text(std::string_view text_name) const;
};

/// Spaces are numbered from 1 and never reused; the next number stands in the catalogue under this key.
inline constexpr std::string_view next_space_key = ".spaces";

/// An immutable picture of the catalogue at one position.
class Catalogue {
 public:
  /// Reads it whole. `corruption` names what is damaged.
  static std::shared_ptr<const Catalogue> load(engine::Reader& reader, Position position);

  Position position() const { return position_; }
  const CollectionDefinition* find(std::string_view name) const;
  const CollectionDefinition* find(Space records) const;
  const std::map<std::string, CollectionDefinition, std::less<>>& collections() const { return collections_; }
  std::uint32_t next_space() const { return next_space_; }
  Version next_space_version() const { return next_space_version_; }

 private:
  Position position_;
  std::map<std::string, CollectionDefinition, std::less<>> collections_;
  std::unordered_map<std::uint32_t, const CollectionDefinition*> by_id_;
  std::uint32_t next_space_ = 1;
  Version next_space_version_;
};

/// `invalid_argument` unless it is 1 to 200 bytes of UTF-8 without control characters or `/`, not beginning with `.`.
void check_collection_name(std::string_view name);

Value encode_definition(const CollectionDefinition& definition);
CollectionDefinition decode_definition(std::string_view name, ValueView body);

}  // namespace strata::commit
