#include "model/document_reading.hpp"

#include "codec/chunk_body.hpp"
#include "model/record.hpp"
#include "strata/error.hpp"

namespace strata::model {

ContentReading::ContentReading(std::string what, Content content)
    : what_(std::move(what)), content_(std::move(content)) {}

void ContentReading::fail(const Part& part, std::uint64_t start, const std::string& why) const {
  throw Error(ErrorCode::corruption, what_ + ", chunk `" + part.key + "` (bytes " + std::to_string(start) + " to " +
                                         std::to_string(start + part.size) + "): " + why +
                                         "; put the document again, or restore it from a copy");
}

const std::vector<Part>& ContentReading::parts_of(commit::Source& source, const Part& list, std::size_t depth,
                                                  std::uint64_t start) {
  if (depth < path_.size() && path_[depth].key == list.key) return path_[depth].parts;
  path_.resize(depth);
  OpenList open{list.key, {}};
  try {
    const commit::CollectionDefinition* chunks = source.collection(chunks_name);
    const auto row = chunks ? find_row(source, *chunks, list.key) : std::nullopt;
    if (!row) fail(list, start, "it is not there");
    open.parts = decode_list(ValueView(row->body)).parts;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::corruption) throw;
    fail(list, start, error.what());
  }
  std::uint64_t size = 0;
  for (const Part& part : open.parts) {
    size += part.size;
    if (part.level + 1 != list.level) fail(list, start, "it leads to a part of the wrong level");
  }
  if (size != list.size) fail(list, start, "its parts have " + std::to_string(size) + " bytes");
  path_.push_back(std::move(open));
  return path_.back().parts;
}

void ContentReading::load(commit::Source& source, const Part& chunk, std::uint64_t start) {
  chunk_.clear();
  try {
    const commit::CollectionDefinition* chunks = source.collection(chunks_name);
    const auto row = chunks ? find_row(source, *chunks, chunk.key) : std::nullopt;
    if (!row) fail(chunk, start, "it is not there");
    codec::decode_chunk(ValueView(row->body), chunk_);
  } catch (const Error& error) {
    chunk_.clear();
    if (error.code() != ErrorCode::corruption) throw;
    fail(chunk, start, error.what());
  }
  const bool right = chunk_.size() == chunk.size && chunk.key.starts_with(codec::hash128(chunk_).to_string());
  if (!right) {
    chunk_.clear();
    fail(chunk, start, "its bytes are not those that were written");
  }
  chunk_start_ = start;
}

bytes_view ContentReading::at(commit::Source& source, std::uint64_t offset) {
  if (content_.bytes) return bytes_view(*content_.bytes).substr(offset);
  if (offset >= chunk_start_ && offset - chunk_start_ < chunk_.size())
    return bytes_view(chunk_).substr(offset - chunk_start_);
  std::uint64_t start = 0;
  const std::vector<Part>* parts = &content_.parts;
  for (std::size_t depth = 0;; ++depth) {
    const Part* found = nullptr;
    for (const Part& part : *parts) {
      if (offset - start < part.size) {
        found = &part;
        break;
      }
      start += part.size;
    }
    if (!found) throw Error(ErrorCode::corruption, what_ + ": its parts end before its size; run `strata verify`");
    if (found->level == 0) {
      load(source, *found, start);
      return bytes_view(chunk_).substr(offset - start);
    }
    parts = &parts_of(source, *found, depth, start);
  }
}

Bytes ContentReading::all(commit::Source& source) {
  Bytes out;
  while (out.size() < content_.size) out.append(at(source, out.size()));
  return out;
}

}  // namespace strata::model
