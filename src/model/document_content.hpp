// What the content of a document consists of, and how it is written.
//
// Content of a few KiB stands in the document's own row. Longer content is cut into chunks (codec/chunking.hpp),
// records of `.chunk` under the hash of their bytes. Runs of chunks are gathered into lists, runs of lists into lists
// of the next level, also records of `.chunk` and under the hash of what they say. What is left at the end of each
// level stands in the document's row: its parts, the higher levels first. So the row of any document is small, and
// content that stands in several documents is stored once, its lists too.
//
// Who uses a part is a row of `.chunk_use`: the part's key, `/`, the id of the content or list that has it.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/hash.hpp"
#include "commit/source.hpp"
#include "commit/transaction.hpp"
#include "strata/value.hpp"

namespace strata::model {

inline constexpr std::string_view chunks_name = ".chunk";
inline constexpr std::string_view chunk_uses_name = ".chunk_use";
/// Contents that nobody has any more and whose parts are still to be let go of, by id; and collections of whole rows of
/// documents, which belonged to a collection that was dropped, under this name, `/` and a number.
inline constexpr std::string_view released_name = ".document_released";
/// Contents that are being written in several commits, by id.
inline constexpr std::string_view uploads_name = ".document_upload";

/// Where the contents of a collection's documents are.
std::string contents_name(std::string_view collection);

/// Content up to this size stands in the document's row.
inline constexpr std::size_t inline_content_bytes_max = 4096;

/// A chunk, or a list of parts of the level below.
struct Part {
  std::string key{};
  std::uint64_t size = 0;
  std::uint64_t chunks = 1;
  unsigned level = 0;  ///< 0: a chunk.
};

struct Content {
  std::string id{};  ///< As its parts know it. Empty when it has none.
  std::uint64_t size = 0;
  std::string hash{};  ///< 32 hexadecimal digits; empty while it is being written.
  std::vector<Part> parts{};
  std::optional<Bytes> bytes{};  ///< The content itself, where it is short.

  std::uint64_t chunks() const;
};

Bytes encode_content(const Content& content);
/// `corruption` when it is none.
Content decode_content(ValueView value);

/// A list as it is stored.
struct PartList {
  std::string id{};
  std::vector<Part> parts{};
};

/// `corruption` when it is none.
PartList decode_list(ValueView value);

/// The key of a list of these parts, unless another list has the same hash.
std::string list_hash(const std::vector<Part>& parts);

/// A row of an own collection as a source shows it, own writes included, whether it has expired or not.
struct ContentRow {
  Bytes body;
  std::optional<Time> expires;
};
std::optional<ContentRow> find_row(commit::Source& source, const commit::CollectionDefinition& collection,
                                   std::string_view key);
void erase_row(commit::Transaction& transaction, const commit::CollectionDefinition& collection, std::string_view key);
Bytes use_key(std::string_view part, std::string_view user);

/// The id of a content or list that comes into being.
std::string content_id(const Uuid& id);

/// A chunk on its way into the store.
struct Piece {
  bytes_view bytes;
  codec::Hash128 hash;
};

/// Adds chunks to a content, within one transaction.
class ContentWriting {
 public:
  /// Goes on with `content`. `held`: the parts that its id has at the start.
  ContentWriting(commit::Transaction& transaction, Content content, const std::vector<Part>& held);

  /// The pieces must stay until the call returns.
  void add(std::span<const Piece> pieces);
  /// Makes the content's id the user of its parts, and of no others.
  Content finish();

 private:
  void add_group(std::span<const Piece> pieces);
  std::string put_chunk(const Piece& piece);
  void add_part(Part part);
  Part gather(std::vector<Part> parts);

  commit::Transaction& transaction_;
  Content content_;
  std::set<std::string, std::less<>> held_;
  std::vector<Part> before_;
  const commit::CollectionDefinition* chunks_;
  const commit::CollectionDefinition* uses_;
};

}  // namespace strata::model
