// Reading a content: which chunk holds a place, and its bytes, checked.
#pragma once

#include <string>
#include <vector>

#include "commit/source.hpp"
#include "model/document_content.hpp"

namespace strata::model {

/// Remembers the lists and the chunk that it read last. One thread at a time.
class ContentReading {
 public:
  /// `what` is for messages: `document ...`.
  ContentReading(std::string what, Content content);

  const Content& content() const { return content_; }
  /// From the offset to the end of the chunk that holds it. Valid until the next call. `corruption`, naming the chunk.
  /// Requires: offset < content().size.
  bytes_view at(commit::Source& source, std::uint64_t offset);
  /// All of it.
  Bytes all(commit::Source& source);

 private:
  [[noreturn]] void fail(const Part& part, std::uint64_t start, const std::string& why) const;
  const std::vector<Part>& parts_of(commit::Source& source, const Part& list, std::size_t depth, std::uint64_t start);
  void load(commit::Source& source, const Part& chunk, std::uint64_t start);

  std::string what_;
  Content content_;
  struct OpenList {
    std::string key;
    std::vector<Part> parts;
  };
  std::vector<OpenList> path_;  ///< The lists that lead to the chunk.
  Bytes chunk_;
  std::uint64_t chunk_start_ = 0;
};

}  // namespace strata::model
