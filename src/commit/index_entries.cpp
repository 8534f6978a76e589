#include "commit/index_entries.hpp"

#include <algorithm>

#include "codec/ordered.hpp"
#include "strata/error.hpp"

namespace strata::commit {
namespace {

/// The moment that a value of a time field stands for, if it does (as filter::time_of, which asks for it).
std::optional<Time> moment_of(ValueView value) {
  if (value.type() == ValueType::string) return Time::parse(value.as_string());
  if (value.type() != ValueType::integer) return std::nullopt;
  const std::int64_t otherwise = -1;
  const std::int64_t micros = value.int_or(otherwise);
  if (micros == otherwise && compare(value, Value(otherwise)) != std::strong_ordering::equal) return std::nullopt;
  return Time{micros};
}

void append_field(Bytes& out, ValueView value, bool time) {
  if (const auto moment = time ? moment_of(value) : std::nullopt) return codec::append_ordered(out, *moment);
  codec::append_ordered(out, value);
}

struct Whole {
  Bytes bytes;
  bool exempt = false;
  bool plain_text = false;
};

void extend(std::vector<Whole>& parts, const IndexField& field, ValueView value, const std::string& index_name) {
  std::vector<ValueView> choices;
  if (value.type() == ValueType::array) {
    for (const auto& [unused, element] : value) choices.push_back(element);
  }
  if (choices.empty()) choices.push_back(value);
  if (choices.size() * parts.size() > entries_per_record_max) {
    throw Error(ErrorCode::limit_exceeded, "a record would have more than " + std::to_string(entries_per_record_max) +
                                               " entries in index `" + index_name + "`; shorten the array in `" +
                                               field.path + "`");
  }
  std::vector<Whole> extended;
  extended.reserve(choices.size() * parts.size());
  for (const Whole& part : parts) {
    for (const ValueView choice : choices) {
      Whole& next = extended.emplace_back(part);
      append_field(next.bytes, choice, field.time);
      next.plain_text |= value.type() == ValueType::string;
      next.exempt |= choice.is_missing() || choice.type() == ValueType::null;
    }
  }
  parts = std::move(extended);
}

}  // namespace

std::vector<IndexPart> index_parts(const IndexDefinition& index, ValueView body, Time created, Time updated) {
  std::vector<Whole> wholes(1);
  for (const IndexField& field : index.options.fields) {
    if (field.path == "created" || field.path == "updated") {
      for (Whole& whole : wholes) codec::append_ordered(whole.bytes, field.path == "created" ? created : updated);
    } else {
      // `$` is the root: it tells a body's own `created` from the record's.
      const std::string_view path =
          field.path.starts_with("$.") ? std::string_view(field.path).substr(2) : std::string_view(field.path);
      extend(wholes, field, body.at(path), index.options.name);
    }
  }
  std::vector<IndexPart> parts;
  parts.reserve(wholes.size());
  for (const Whole& whole : wholes)
    parts.push_back({codec::stored_indexed_part(whole.bytes), whole.exempt, whole.plain_text});
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  return parts;
}

}  // namespace strata::commit
