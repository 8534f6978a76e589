// Documents over a source: a record, and content under the same key in a collection of the store's own.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commit/source.hpp"
#include "commit/transaction.hpp"
#include "model/document_content.hpp"
#include "strata/collection.hpp"
#include "strata/document.hpp"

namespace strata::model {

/// `invalid_argument` unless documents can be put under the key with these options.
void check_document(std::string_view collection, std::string_view key, const DocumentOptions& options);

/// Content as it is put: cut once, however often the transaction runs.
struct CutContent {
  bytes_view bytes;
  std::string hash;
  std::vector<Piece> pieces;  ///< None where it stands in the row.
};
CutContent cut_content(bytes_view content);

/// What the beginning of a content says it is.
std::string media_type_of(bytes_view beginning);

/// Writes record and content.
DocumentDescription put_document(commit::Transaction& transaction, std::string_view collection, std::string_view key,
                                 const CutContent& content, const DocumentOptions& options);
/// The same with a content whose parts are stored already, and used by its id. An empty media type in the options stays
/// empty.
DocumentDescription put_document(commit::Transaction& transaction, std::string_view collection, std::string_view key,
                                 const Content& content, const DocumentOptions& options);

struct Document {
  DocumentDescription description;
  Content content;
};
std::optional<Document> get_document(commit::Source& source, std::string_view collection, std::string_view key);
/// `document ...`, for messages.
std::string document_words(std::string_view collection, std::string_view key);
/// Keys from `from` on that begin with the prefix, in order; `visit` returns false to stop.
void for_each_document(commit::Source& source, std::string_view collection, std::string_view prefix,
                       std::string_view from, const std::function<bool(const std::string& key)>& visit);
bool erase_document(commit::Transaction& transaction, std::string_view collection, std::string_view key);
DocumentStatistics document_statistics(commit::Source& source, std::string_view collection);

// ---- What happens to a record happens to its document. Requires, of all: collection.documents.

/// The record is being put by itself: its content stays, and ends when it ends. `existed`: the record can be seen; else
/// what is left of a document under its key goes.
void keep_document(commit::Transaction& transaction, const commit::CollectionDefinition& collection,
                   std::string_view key, const PutOptions& options, bool existed);
/// The record is being erased.
void drop_document(commit::Transaction& transaction, const commit::CollectionDefinition& collection,
                   std::string_view key);

}  // namespace strata::model
