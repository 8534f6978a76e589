#include "ingest/ingested_file.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "strata/error.hpp"

namespace strata::ingest {
namespace {

constexpr std::array<std::string_view, 3> reference_types{"imports", "includes", "links"};

Value edge_value(const FileEdge& edge) {
  if (edge.detail.empty()) return Value::object({{"line", Value(edge.line)}});
  return Value::object({{"line", Value(edge.line)}, {"kind", Value(edge.detail)}});
}

std::string node_of_passage(const std::string& key, std::size_t number) {
  return number == 0 ? file_node(key) : passage_node(passage_key(key, number));
}

/// The number of the passage that begins the section which this one lies in; 0 for the document itself.
std::size_t section_of(ValueView passage) {
  const std::string_view key = passage["section"].string_or("");
  std::size_t number = 0;
  for (const char c : key.substr(std::min(key.rfind('#') + 1, key.size()))) {
    if (c < '0' || c > '9') return 0;
    number = number * 10 + static_cast<std::size_t>(c - '0');
  }
  return number;
}

FileChanges store_passages(Transaction& transaction, const std::string& key, const std::vector<Value>& passages,
                           std::size_t before) {
  FileChanges changes;
  Collection collection = transaction.collection(passages_collection);
  Graph graph = transaction.graph();
  for (std::size_t number = 1; number <= std::max(passages.size(), before); ++number) {
    const std::string own_key = passage_key(key, number);
    const std::optional<Record> old = number <= before ? collection.get(own_key) : std::nullopt;
    const Value* const now = number <= passages.size() ? &passages[number - 1] : nullptr;
    const bool moved = old && (now == nullptr || section_of(old->value) != section_of(now->view()));
    if (moved) {
      graph.unlink(node_of_passage(key, section_of(old->value)), contains_edge, passage_node(own_key));
      ++changes.edges;
    }
    if (now == nullptr) {
      collection.erase(own_key);
      ++changes.passages;
      continue;
    }
    if (!old || !(old->value == *now)) {
      collection.put(own_key, *now);
      ++changes.passages;
    }
    if (!old || moved) {
      graph.link(node_of_passage(key, section_of(now->view())), contains_edge, passage_node(own_key));
      ++changes.edges;
    }
  }
  return changes;
}

std::optional<Record> own_record(Transaction& transaction, const std::string& key, std::string_view root) {
  std::optional<Record> record = transaction.collection(files_collection).get(key);
  if (record && !stored_file(*record, root)) {
    const std::string_view other = record->value["root"].string_or("");
    throw Error(ErrorCode::already_exists,
                "the key " + key + " of collection files " +
                    (record->value["root"].is_missing() ? "was not made by ingest"
                                                        : "belongs to the root `" + std::string(other) + "`") +
                    ": give this root a name of its own (--name)");
  }
  return record;
}

void add(FileChanges& to, const FileChanges& more) {
  to.passages += more.passages;
  to.edges += more.edges;
}

}  // namespace

Value file_metadata(const IngestedFile& file) {
  return Value::object({{"path", Value(valid_text(file.path))},
                        {"root", Value(file.root)},
                        {"language", Value(file.language)},
                        {"lines", Value(file.lines)},
                        {"modified", Value(Time{file.modified_ns / 1000}.to_string())},
                        {"passages", Value(file.passages.size())},
                        {"recipe", Value(file.recipe)}});
}

std::optional<StoredFile> stored_file(const Record& record, std::string_view root) {
  const ValueView value = record.value;
  if (value["root"].type() != ValueType::string || value["root"].as_string() != root) return std::nullopt;
  StoredFile file;
  file.key = record.key;
  file.path = value["path"].string_or("");
  file.recipe = value["recipe"].string_or("");
  file.size = static_cast<std::uint64_t>(value["size"].int_or(0));
  file.modified_us = Time::parse(value["modified"].string_or("")).value_or(Time{-1}).micros;
  file.updated = record.updated;
  file.passages = static_cast<std::size_t>(value["passages"].int_or(0));
  return file;
}

void check_owner(Transaction& transaction, const std::string& key, std::string_view root) {
  own_record(transaction, key, root);
}

FileChanges store_file(Transaction& transaction, const IngestedFile& file) {
  const std::optional<Record> old = own_record(transaction, file.key, file.root);
  const std::size_t before = old ? stored_file(*old, file.root)->passages : 0;
  if (file.large) {
    store_metadata(transaction, file);  // the content is there already
  } else {
    DocumentOptions options;
    options.name = valid_text(file.path.substr(file.path.rfind('/') + 1));
    options.metadata = file_metadata(file);
    transaction.documents(files_collection).put(file.key, file.content, options);
  }
  FileChanges changes = store_passages(transaction, file.key, file.passages, before);
  add(changes, store_edges(transaction, file.key, file.edges, true));
  return changes;
}

void store_metadata(Transaction& transaction, const IngestedFile& file) {
  Collection files = transaction.collection(files_collection);
  const std::optional<Record> record = own_record(transaction, file.key, file.root);
  if (!record) {
    throw Error(ErrorCode::conflict, "another process has removed " + file.key + " meanwhile: run ingest again");
  }
  Value value = record->value;
  const Value metadata = file_metadata(file);
  for (const auto& [name, content] : metadata.view()) value.set(name, content);
  if (!(value == record->value)) files.put(file.key, value);
}

FileChanges store_edges(Transaction& transaction, const std::string& key, const std::vector<FileEdge>& edges,
                        bool symbols) {
  FileChanges changes;
  Graph graph = transaction.graph();
  const std::string node = file_node(key);
  std::map<std::pair<std::string, std::string>, const FileEdge*> wanted;
  for (const FileEdge& edge : edges) wanted.try_emplace({edge.type, edge.to}, &edge);
  Follow own;
  own.types.assign(reference_types.begin(), reference_types.end());
  if (symbols) own.types.emplace_back(defines_edge);
  for (const Edge& edge : graph.edges(node, own)) {
    const auto found = wanted.find({edge.type, edge.to});
    if (found == wanted.end()) {
      graph.unlink(node, edge.type, edge.to);
      ++changes.edges;
    } else if (edge.value == edge_value(*found->second)) {
      wanted.erase(found);
    }
  }
  for (const auto& [name, edge] : wanted) {
    graph.link(node, edge->type, edge->to, edge_value(*edge));
    ++changes.edges;
  }
  return changes;
}

FileChanges erase_file(Transaction& transaction, const std::string& key, std::string_view root) {
  FileChanges changes;
  const std::optional<Record> record = own_record(transaction, key, root);
  if (!record) return changes;
  changes = store_passages(transaction, key, {}, stored_file(*record, root)->passages);
  add(changes, store_edges(transaction, key, {}, true));
  transaction.documents(files_collection).erase(key);
  return changes;
}

}  // namespace strata::ingest
