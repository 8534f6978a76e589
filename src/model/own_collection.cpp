#include "model/own_collection.hpp"

#include <algorithm>
#include <string>

#include "model/declaration.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

constexpr std::size_t name_bytes_max = 200;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

bool is_own(std::string_view collection) { return collection.starts_with('.'); }

const commit::CollectionDefinition& own_collection_for_writing(commit::Transaction& transaction,
                                                               const OwnCollection& collection) {
  if (const commit::CollectionDefinition* found = transaction.collection(collection.name)) return *found;
  commit::CollectionDefinition definition;
  definition.name = collection.name;
  definition.id = transaction.take_space();
  definition.compressed = collection.compressed;
  for (const IndexOptions& options : collection.indexes) {
    commit::IndexDefinition index;
    index.id = transaction.take_space();
    index.options = checked(options);
    index.ready = true;  // over no records: writers fill it
    definition.indexes.push_back(std::move(index));
  }
  transaction.define(std::move(definition));
  return *transaction.collection(collection.name);
}

void check_name(std::string_view what, std::string_view name) {
  const auto refuse = [&](std::string_view why) {
    std::string shown(name.substr(0, 60));
    std::replace_if(shown.begin(), shown.end(), is_control, '?');
    throw Error(ErrorCode::invalid_argument, std::string(what) + " name `" + shown + "`: " + std::string(why));
  };
  if (name.empty()) refuse("it is empty; give it 1 to 200 bytes");
  if (name.size() > name_bytes_max) refuse("it is longer than 200 bytes");
  if (std::any_of(name.begin(), name.end(), is_control)) refuse("it has a control character");
  const Value checks_utf8{name};
}

}  // namespace strata::model
