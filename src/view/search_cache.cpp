#include "view/search_cache.hpp"

#include <algorithm>
#include <bit>

#include "codec/varint.hpp"
#include "commit/spaces.hpp"
#include "follow/log_reader.hpp"
#include "strata/error.hpp"

namespace strata::view {
namespace {

constexpr std::size_t bytes_max = std::size_t{16} << 20;
constexpr std::size_t entry_bytes_max = std::size_t{1} << 20;
/// So many commits are looked through to keep an answer; beyond that it is cheaper to ask again.
constexpr std::uint64_t commits_max = 1'000;

std::size_t size_of(const SearchResult& result) {
  std::size_t bytes = sizeof result;
  for (const Hit& hit : result.hits) {
    bytes += sizeof hit + hit.record.key.size() + hit.record.value.encoded().size() + hit.snippet.size() +
             (hit.similarities.size() + hit.ranks.size()) * sizeof(double);
  }
  return bytes;
}

bool touches(const codec::Entry& entry, const std::vector<engine::Space>& spaces) {
  return std::any_of(entry.changes.begin(), entry.changes.end(), [&](const codec::Change& change) {
    return change.space == commit::catalogue_space ||
           std::find(spaces.begin(), spaces.end(), change.space) != spaces.end();
  });
}

/// Whether nothing of the ground changed from the point to the state of the source.
bool is_unchanged(commit::Source& source, const follow::ViewPoint& point, const std::vector<engine::Space>& spaces) {
  if (source.view().position() == point.position && follow::point_of(source.view()) == point) return true;
  if (source.view().position().value - point.position.value > commits_max) return false;
  if (follow::standing_of(source, point) != follow::Standing::good) return false;
  bool unchanged = true;
  follow::read_log(source, point.position, [&](const codec::Entry& entry) {
    unchanged = !touches(entry, spaces);
    return unchanged;
  });
  return unchanged;
}

void append_text(Bytes& out, std::string_view text) {
  codec::append_varint(out, text.size());
  out += text;
}

void append_double(Bytes& out, double number) {
  const auto bits = std::bit_cast<std::uint64_t>(number);
  out.append(reinterpret_cast<const char*>(&bits), sizeof bits);
}

}  // namespace

std::optional<SearchResult> SearchCache::find(const Bytes& request, commit::Source& source, const Ground& ground) {
  follow::ViewPoint point;
  {
    const std::lock_guard lock(mutex_);
    const auto known = by_request_.find(request);
    // A reader of an older state leaves the answer to those of newer ones.
    if (known == by_request_.end() || source.view().position() < known->second->point.position) return std::nullopt;
    const Entry& entry = *known->second;
    if (entry.ground != ground || (entry.until && source.now() >= *entry.until)) {
      drop(known->second);
      return std::nullopt;
    }
    point = entry.point;
  }
  const bool good = is_unchanged(source, point, ground.spaces);
  const std::lock_guard lock(mutex_);
  const auto known = by_request_.find(request);
  if (known == by_request_.end() || known->second->point != point) return std::nullopt;
  if (!good) {
    drop(known->second);
    return std::nullopt;
  }
  Entry& entry = *known->second;
  entry.point = follow::point_of(source.view());
  entry.result.position = entry.point.position;
  entries_.splice(entries_.begin(), entries_, known->second);
  return entry.result;
}

void SearchCache::keep(const Bytes& request, commit::Source& source, Ground ground, const SearchResult& result) {
  if (!result.complete || result.position != source.view().position()) return;
  Entry entry{request, std::move(ground), follow::point_of(source.view()), std::nullopt, result, 0};
  entry.bytes = size_of(result) + 2 * request.size() + sizeof entry;
  if (entry.bytes > entry_bytes_max) return;
  for (const Hit& hit : result.hits) {
    if (hit.record.expires) entry.until = std::min(entry.until.value_or(*hit.record.expires), *hit.record.expires);
  }
  const std::lock_guard lock(mutex_);
  if (const auto known = by_request_.find(request); known != by_request_.end()) {
    if (known->second->point.position > entry.point.position) return;
    drop(known->second);
  }
  bytes_ += entry.bytes;
  entries_.push_front(std::move(entry));
  by_request_.emplace(entries_.front().request, entries_.begin());
  while (bytes_ > bytes_max) drop(std::prev(entries_.end()));
}

void SearchCache::clear() {
  const std::lock_guard lock(mutex_);
  by_request_.clear();
  entries_.clear();
  bytes_ = 0;
}

void SearchCache::drop(Entries::iterator entry) {
  bytes_ -= entry->bytes;
  by_request_.erase(entry->request);
  entries_.erase(entry);
}

Bytes identity_of(std::string_view collection, const Search& request, std::string_view filter) {
  Bytes out;
  append_text(out, collection);
  append_text(out, filter);
  codec::append_varint(out, request.parameters.size());
  for (const auto& [name, value] : request.parameters) {
    append_text(out, name);
    append_text(out, value.encoded());
  }
  codec::append_varint(out, request.near.size());
  for (const Near& near : request.near) {
    append_text(out, near.field);
    append_text(out, near.like);
    append_text(out, near.words);
    append_text(out, {reinterpret_cast<const char*>(near.vector.data()), near.vector.size() * sizeof(float)});
    out += near.similarity ? '\1' : '\0';
    append_double(out, near.similarity.value_or(0));
    append_double(out, near.weight);
  }
  out += request.text ? '\1' : '\0';
  if (request.text) {
    append_text(out, request.text->name);
    append_text(out, request.text->words);
    append_double(out, request.text->weight);
  }
  out += request.within ? '\1' : '\0';
  if (request.within) {
    append_text(out, request.within->node);
    codec::append_varint(out, request.within->hops);
    out += static_cast<char>(request.within->direction);
    codec::append_varint(out, request.within->types.size());
    for (const std::string& type : request.within->types) append_text(out, type);
  }
  codec::append_varint(out, request.limit);
  codec::append_varint(out, request.effort);
  out += static_cast<char>(request.fusion);
  out += request.exact ? '\1' : '\0';
  out += request.snippets ? '\1' : '\0';
  codec::append_varint(out, request.fields.size());
  for (const std::string& field : request.fields) append_text(out, field);
  return out;
}

}  // namespace strata::view
