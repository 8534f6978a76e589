#include "operate/verify_documents.hpp"

#include <map>
#include <set>

#include "codec/chunk_body.hpp"
#include "codec/ordered.hpp"
#include "codec/record.hpp"
#include "model/document.hpp"
#include "model/document_content.hpp"
#include "model/document_release.hpp"
#include "model/record.hpp"
#include "platform/clock.hpp"
#include "strata/error.hpp"

namespace strata::operate {
namespace {

using commit::CollectionDefinition;
using model::Content;
using model::Part;
using Problem = std::function<void(std::string)>;

constexpr std::string_view contents_prefix = ".document/";
constexpr std::size_t missing_named_max = 20;

/// A set of uses, each with the size of the part, as a number and a sum of hashes: two equal sets have equal sums.
struct UseSum {
  std::uint64_t uses = 0;
  codec::Hash128 hash;

  void add(bytes_view use, std::uint64_t size) {
    ++uses;
    hash += codec::hash128({use, "/", std::to_string(size)});
  }
  friend bool operator==(const UseSum&, const UseSum&) = default;
};

class DocumentCheck {
 public:
  DocumentCheck(commit::View& view, const Problem& problem)
      : view_(view), reader_(view.reader()), problem_(problem), now_(platform::clock().now()) {}

  void run() {
    for_each_content([&](const CollectionDefinition& place, const std::string& key, const codec::RecordRow& row) {
      check_content(place, key, row);
    });
    chunks_ = view_.catalogue().find(model::chunks_name);
    uses_ = view_.catalogue().find(model::chunk_uses_name);
    if (chunks_ && uses_) check_chunks();
    if (wanted_ == found_ && found_.uses == count_uses()) return;
    name_differences();
  }

 private:
  using VisitContent = std::function<void(const CollectionDefinition&, const std::string&, const codec::RecordRow&)>;

  /// Every row that has a content; damaged ones are named with the records.
  void for_each_content(const VisitContent& visit) {
    for (const auto& [name, collection] : view_.catalogue().collections()) {
      const bool holds =
          name.starts_with(contents_prefix) || name == model::uploads_name || name.starts_with(model::released_name);
      if (!holds) continue;
      const auto cursor = reader_.scan({collection.records(), {}, {}}, {});
      while (cursor->next()) {
        const std::string key(cursor->key());
        try {
          const codec::RecordRow row = codec::decode_record({collection.records(), key}, cursor->value());
          visit(collection, key, row);
        } catch (const Error&) {
          continue;
        }
      }
    }
  }

  std::string words(const CollectionDefinition& place, const std::string& key) const {
    if (place.name.starts_with(contents_prefix))
      return model::document_words(place.name.substr(contents_prefix.size()), key);
    return "content `" + key + "` of `" + place.name + "`";
  }

  void check_content(const CollectionDefinition& place, const std::string& key, const codec::RecordRow& row) {
    Content content;
    try {
      content = model::decode_content(ValueView(row.body));
    } catch (const Error& error) {
      return problem_(words(place, key) + ": " + error.what());
    }
    want_uses(content.parts, content.id);
    if (!place.name.starts_with(contents_prefix)) return;
    std::uint64_t size = content.bytes ? content.bytes->size() : 0;
    for (const Part& part : content.parts) size += part.size;
    if (size != content.size) {
      problem_(words(place, key) + ": it is to have " + std::to_string(content.size) + " bytes, its parts have " +
               std::to_string(size));
    }
    if (content.bytes && codec::hash128(*content.bytes).to_string() != content.hash)
      problem_(words(place, key) + ": its bytes do not have its hash");
    check_record(place, key, row);
  }

  /// What has expired may be erased before its document is.
  void check_record(const CollectionDefinition& place, const std::string& key, const codec::RecordRow& row) {
    const CollectionDefinition* collection = view_.catalogue().find(place.name.substr(contents_prefix.size()));
    if (!collection || !collection->documents)
      return problem_(words(place, key) + ": its collection is not declared to have documents");
    if (!model::is_expired(row.header, now_) && !reader_.get({collection->records(), key}))
      problem_(words(place, key) + ": it has no record");
  }

  void want_uses(const std::vector<Part>& parts, const std::string& user) {
    std::set<std::string_view> seen;
    for (const Part& part : parts) {
      if (seen.insert(part.key).second) wanted_.add(model::use_key(part.key, user), part.size);
    }
  }

  void check_chunks() {
    const auto cursor = reader_.scan({chunks_->records(), {}, {}}, {});
    while (cursor->next()) {
      const std::string key(cursor->key());
      codec::RecordRow row;
      try {
        row = codec::decode_record({chunks_->records(), key}, cursor->value());
      } catch (const Error&) {
        continue;
      }
      try {
        check_uses_of(key, key.starts_with("list-") ? check_list(key, row) : check_chunk(key, row));
      } catch (const Error& error) {
        problem_("chunk `" + key + "`: " + error.what());
      }
    }
  }

  std::uint64_t check_chunk(const std::string& key, const codec::RecordRow& row) {
    Bytes bytes;
    codec::decode_chunk(ValueView(row.body), bytes);
    if (!key.starts_with(codec::hash128(bytes).to_string()))
      problem_("chunk `" + key + "`: its bytes do not have the hash that its key says");
    return bytes.size();
  }

  std::uint64_t check_list(const std::string& key, const codec::RecordRow& row) {
    const model::PartList list = model::decode_list(ValueView(row.body));
    want_uses(list.parts, list.id);
    if (!key.starts_with(model::list_hash(list.parts)))
      problem_("list `" + key + "`: its parts do not have the hash that its key says");
    std::uint64_t size = 0;
    for (const Part& part : list.parts) size += part.size;
    return size;
  }

  void check_uses_of(const std::string& key, std::uint64_t size) {
    const Bytes begin = model::use_key(key, {});
    const auto cursor = reader_.scan({uses_->records(), begin, codec::prefix_end(begin)}, {.keys_only = true});
    bool used = false;
    while (cursor->next()) {
      found_.add(cursor->key(), size);
      used = true;
    }
    if (!used) problem_("chunk `" + key + "`: nothing uses it");
  }

  std::uint64_t count_uses() {
    std::uint64_t uses = 0;
    if (!uses_) return uses;
    const auto cursor = reader_.scan({uses_->records(), {}, {}}, {.keys_only = true});
    while (cursor->next()) ++uses;
    return uses;
  }

  // ---- When something is wrong: what it is. This takes memory by the number of uses.

  struct Use {
    std::uint64_t size = 0;
    std::string user;
  };

  void name_differences() {
    std::map<std::string, Use> wanted;
    const auto want = [&](const std::vector<Part>& parts, const std::string& id, const std::string& user) {
      for (const Part& part : parts) wanted.emplace(model::use_key(part.key, id), Use{part.size, user});
    };
    for_each_content([&](const CollectionDefinition& place, const std::string& key, const codec::RecordRow& row) {
      const Content content = model::decode_content(ValueView(row.body));
      want(content.parts, content.id, words(place, key));
    });
    std::map<std::string, std::uint64_t> sizes;
    if (chunks_) gather_chunks(want, sizes);
    std::size_t named = 0;
    for (const auto& [use, wanted_use] : wanted) {
      if (named == missing_named_max) break;
      const std::string part = use.substr(0, use.rfind('/'));
      const auto there = sizes.find(part);
      named += 1;
      if (there == sizes.end()) {
        problem_(wanted_use.user + ": its chunk `" + part + "` is not there");
      } else if (there->second != wanted_use.size) {
        problem_(wanted_use.user + ": its chunk `" + part + "` has " + std::to_string(there->second) +
                 " bytes instead of " + std::to_string(wanted_use.size));
      } else if (!uses_ || !reader_.get({uses_->records(), use})) {
        problem_(wanted_use.user + ": that it uses chunk `" + part + "` is not noted");
      } else {
        named -= 1;
      }
    }
    name_idle_uses(wanted);
  }

  template <class Want>
  void gather_chunks(const Want& want, std::map<std::string, std::uint64_t>& sizes) {
    const auto cursor = reader_.scan({chunks_->records(), {}, {}}, {});
    while (cursor->next()) {
      const std::string key(cursor->key());
      try {
        const codec::RecordRow row = codec::decode_record({chunks_->records(), key}, cursor->value());
        std::uint64_t size = 0;
        if (key.starts_with("list-")) {
          const model::PartList list = model::decode_list(ValueView(row.body));
          for (const Part& part : list.parts) size += part.size;
          want(list.parts, list.id, "list `" + key + "`");
        } else {
          Bytes bytes;
          codec::decode_chunk(ValueView(row.body), bytes);
          size = bytes.size();
        }
        sizes.emplace(key, size);
      } catch (const Error&) {
        continue;
      }
    }
  }

  void name_idle_uses(const std::map<std::string, Use>& wanted) {
    if (!uses_) return;
    std::size_t named = 0;
    const auto cursor = reader_.scan({uses_->records(), {}, {}}, {.keys_only = true});
    while (named < missing_named_max && cursor->next()) {
      if (wanted.contains(std::string(cursor->key()))) continue;
      problem_("a use of a chunk, `" + std::string(cursor->key()) + "`, is noted that nothing has");
      ++named;
    }
  }

  commit::View& view_;
  engine::Reader& reader_;
  const Problem& problem_;
  Time now_;
  const CollectionDefinition* chunks_ = nullptr;
  const CollectionDefinition* uses_ = nullptr;
  UseSum wanted_;  ///< Those that contents and lists have,
  UseSum found_;   ///< and those that are noted, with the sizes that the chunks really have.
};

}  // namespace

void verify_documents(commit::View& view, const Problem& problem) { DocumentCheck(view, problem).run(); }

}  // namespace strata::operate
