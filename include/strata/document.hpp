// Documents: large text and bytes under the keys of a collection.
//
// A document belongs to a record: its metadata (`name`, `size`, `hash`, `media_type`, and whatever members the caller
// gives) is the record's value in the collection, its content lies apart, and both are written, replaced and erased in
// one commit. So a document can be found, filtered, searched, watched and linked like any record; erasing the record
// erases the document.
//
// Content of more than 4 KiB is cut into chunks at places that follow from the content itself. A chunk is stored once,
// however many documents hold it, compressed where that gains something, and checked by its checksum when it is read. A
// chunk that no document holds any more goes with the commit that let go of it, or, of large documents, soon after by
// upkeep; readers of older snapshots still see it.
//
// Documents is a cheap handle, as a Collection is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strata/collection.hpp"
#include "strata/types.hpp"
#include "strata/value.hpp"

namespace strata {

/// The largest document: 1 TiB.
inline constexpr std::uint64_t document_bytes_max = std::uint64_t{1} << 40;

struct DocumentOptions {
  std::string name{};        ///< A file's name, say; empty: the key.
  std::string media_type{};  ///< Empty: `text/plain` when the content begins like UTF-8 text, else
                             ///< `application/octet-stream`.
  Value metadata{};          ///< Further members of the record: an object, or null. `invalid_argument` when it has one
                             ///< of the members above.
  /// Only if the record now has this version (Version{0}: only if it is absent). Else `conflict`; a writer finds out
  /// when it finishes.
  std::optional<Version> if_version{};
};

struct DocumentDescription {
  std::string key{};
  std::string name{};
  std::uint64_t size = 0;
  std::string hash{};  ///< Of the content: `xxh3:` and 32 hexadecimal digits (XXH3, 128 bits). For accidents, not
                       ///< against forgers.
  std::string media_type{};
  std::uint64_t chunks = 0;  ///< 0: the content is short, and no other document shares it.
  Record record{};           ///< The metadata, as stored.
};

struct DocumentPage {
  std::vector<DocumentDescription> documents{};
  std::string cursor{};  ///< Set when the limit ended the page: give it back for what comes after.
};

struct DocumentStatistics {
  std::uint64_t documents = 0;     ///< Of the collection.
  std::uint64_t bytes = 0;         ///< Of their content.
  std::uint64_t chunks = 0;        ///< Different ones, of all collections of the store: they share them.
  std::uint64_t stored_bytes = 0;  ///< That these take, their lists included.
  std::uint64_t unreferenced = 0;  ///< Uses of chunks, in the whole store, that upkeep is to let go of.
};

/// Reads one document as of the moment it was opened. One thread at a time. It reads each part at the state it was
/// opened at while that is held (OpenOptions::snapshot_age_max), and as of the newest state after that: `conflict` when
/// the document has been replaced or erased by then.
class DocumentReader {
 public:
  DocumentReader(DocumentReader&&) noexcept;
  DocumentReader& operator=(DocumentReader&&) noexcept;
  ~DocumentReader();

  const DocumentDescription& description() const;
  std::uint64_t size() const { return description().size; }
  /// Up to `length` bytes from `offset`; fewer only at the end. `corruption`, naming key and chunk, when what is stored
  /// is not what was written.
  Bytes read(std::uint64_t offset, std::size_t length);
  /// Hands over the content from `offset` on, part by part; `sink` returns false to stop. Memory stays bounded.
  void read_all(const std::function<bool(bytes_view part)>& sink, std::uint64_t offset = 0);

  struct State;

 private:
  friend class Documents;
  explicit DocumentReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Writes one document part by part, in memory bounded whatever its size (about 20 MiB). Nothing of it is seen before
/// finish(). What a writer that never finished has stored goes with it or, when its process dies, by upkeep a day
/// later. One that pauses for more than a day may get `conflict`. One thread at a time.
class DocumentWriter {
 public:
  DocumentWriter(DocumentWriter&&) noexcept;
  DocumentWriter& operator=(DocumentWriter&&) noexcept;
  ~DocumentWriter();

  void write(bytes_view part);
  /// The record and the content are there, in one commit. No calls after it.
  DocumentDescription finish();

  struct State;

 private:
  friend class Documents;
  explicit DocumentWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Documents {
 public:
  Documents(std::shared_ptr<detail::CollectionAccess> access, std::string collection);

  /// Name of the collection.
  const std::string& name() const { return collection_; }

  /// Writes or replaces the document. Inside a transaction: as a part of it (its size bounded by
  /// transaction_bytes_max); else large ones take several commits, of which the last makes it seen.
  DocumentDescription put(std::string_view key, bytes_view content, const DocumentOptions& options = {});
  /// `invalid_argument` inside a transaction.
  DocumentWriter writer(std::string_view key, const DocumentOptions& options = {});

  std::optional<DocumentDescription> describe(std::string_view key) const;
  /// The whole content; nothing when there is no such document. `corruption`.
  std::optional<Bytes> get(std::string_view key) const;
  /// `not_found`.
  DocumentReader reader(std::string_view key) const;
  /// By key, those whose key begins with the prefix. Limit 0: all.
  DocumentPage list(std::string_view prefix = {}, std::size_t limit = 0, std::string_view cursor = {}) const;

  /// With its record. False when there was no document.
  bool erase(std::string_view key);

  DocumentStatistics statistics() const;

 private:
  std::shared_ptr<detail::CollectionAccess> access_;
  std::string collection_;
};

}  // namespace strata
