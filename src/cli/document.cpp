// doc put|get|list|info|delete|stats: documents, large text and bytes under a key.
#include "strata/document.hpp"

#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>

#include "cli/arguments.hpp"
#include "cli/command_tree.hpp"
#include "cli/output_file.hpp"
#include "cli/text.hpp"
#include "strata/error.hpp"

namespace strata::cli {
namespace {

constexpr const char* group = "Documents";
constexpr std::size_t block_bytes = std::size_t{1} << 20;

Row description_row(const DocumentDescription& document) {
  Row row = {{"key", Value(document.key)},
             {"name", Value(document.name)},
             {"size", Value(document.size), human_bytes(document.size)},
             {"hash", Value(document.hash)},
             {"media_type", Value(document.media_type)},
             {"chunks", Value(document.chunks), human_count(document.chunks)},
             {"created", Value(document.record.created.to_string())},
             {"updated", Value(document.record.updated.to_string())}};
  return row;
}

// ---- put

struct PutArguments {
  std::string key;
  std::string file;
  std::string collection = "documents";
  std::string name;
  std::string media_type;
  std::string value;
  std::uint64_t if_version = 0;
};

/// A file, or standard input, block by block.
class Input {
 public:
  Input(std::string path, std::istream& standard_input) : path_(std::move(path)), stream_(&standard_input) {
    if (path_ == "-") return;
    std::error_code failure;
    const auto status = std::filesystem::status(path_, failure);
    if (!std::filesystem::exists(status)) {
      throw Error(ErrorCode::not_found,
                  "cannot read " + path_ + ": there is no such file" +
                      (failure && failure != std::errc::no_such_file_or_directory ? " (" + failure.message() + ")"
                                                                                  : std::string()));
    }
    if (std::filesystem::is_directory(status)) {
      throw Error(ErrorCode::invalid_argument,
                  "cannot read " + path_ + ": it is a directory; `strata ingest " + path_ + "` takes in what is below");
    }
    file_.open(path_, std::ios::binary);
    if (!file_) throw Error(ErrorCode::io, "cannot read " + path_ + ": is it yours to read?");
    if (std::filesystem::is_regular_file(status)) size_ = std::filesystem::file_size(path_);
    stream_ = &file_;
  }

  /// The next bytes; empty at the end.
  bytes_view next() {
    block_.resize(block_bytes);
    stream_->read(block_.data(), static_cast<std::streamsize>(block_.size()));
    if (stream_->bad()) throw Error(ErrorCode::io, "cannot read " + path_ + ": reading failed half-way");
    block_.resize(static_cast<std::size_t>(stream_->gcount()));
    return block_;
  }
  /// 0: unknown.
  std::uint64_t size() const { return size_; }

 private:
  std::string path_;
  std::ifstream file_;
  std::istream* stream_;
  std::uint64_t size_ = 0;
  Bytes block_;
};

DocumentOptions options_of(Session& session, const CLI::App& command, const PutArguments& arguments,
                           const std::string& path) {
  DocumentOptions options;
  options.name = arguments.name;
  if (options.name.empty() && path != "-") options.name = std::filesystem::path(path).filename().string();
  options.media_type = arguments.media_type;
  if (!arguments.value.empty()) options.metadata = parse_value(arguments.value, session.in());
  if (command.count("--if-version") != 0) options.if_version = Version{arguments.if_version};
  return options;
}

DocumentDescription put_large(Session& session, const PutArguments& arguments, const DocumentOptions& options,
                              const Bytes& beginning, Input& input) {
  DocumentWriter writer =
      session.store(Session::Access::create).documents(arguments.collection).writer(arguments.key, options);
  const auto bar = session.progress_bar(ProgressBar::Unit::bytes);
  std::uint64_t done = beginning.size();
  writer.write(beginning);
  for (bytes_view block = input.next(); !block.empty(); block = input.next()) {
    writer.write(block);
    done += block.size();
    if (!bar->advance("put", done, input.size()))
      throw Interrupted("interrupted: nothing is seen of " + arguments.key + "; put it again");
  }
  return writer.finish();
}

int put(Session& session, const CLI::App& command, PutArguments arguments) {
  const std::string path = arguments.file.empty() ? arguments.key : arguments.file;
  if (path == "-" && arguments.key == "-") throw UsageError("doc put: from standard input it needs a key: KEY -");
  if (path == "-" && arguments.value == "-") throw UsageError("doc put: the content and --value cannot both be -");
  Input input(path, session.in());
  const DocumentOptions options = options_of(session, command, arguments, path);
  Bytes beginning;
  while (beginning.size() < 4 * block_bytes) {
    const bytes_view block = input.next();
    if (block.empty()) break;
    beginning.append(block);
  }
  DocumentDescription written;
  if (beginning.size() >= 4 * block_bytes) {
    written = put_large(session, arguments, options, beginning, input);
  } else {
    Store& store = session.store(Session::Access::create);
    CommitResult commit;
    store.transact(
        [&](Transaction& own) { own.documents(arguments.collection).put(arguments.key, beginning, options); },
        session.commit_options(), &commit);
    if (const auto found = store.documents(arguments.collection).describe(arguments.key)) written = *found;
  }
  Row row = description_row(written);
  row.emplace_back("version", Value(written.record.version.value));
  write_sheet(session.display(), row);
  return exit_done;
}

void add_collection(CLI::App& command, std::string& collection) {
  command.add_option("--collection", collection, "Where it is; `documents` unless given")->type_name("C");
}

void add_put(CommandTree& tree, CLI::App& doc) {
  CLI::App& command = tree.add({"put", "KEY [FILE|-]",
                                "Write a file, or standard input, as a document. Given alone, the file's path is the "
                                "key. Whatever its size, it is read once and held in parts, never whole",
                                "strata doc put manual handbook.pdf --value '{\"year\": 2024}'", group},
                               {&doc, true, true});
  auto arguments = std::make_shared<PutArguments>();
  command.add_option("KEY", arguments->key, "Its name in the collection, or the file")->required()->type_name("");
  command.add_option("FILE", arguments->file, "What to read; - for standard input")->type_name("");
  add_collection(command, arguments->collection);
  command.add_option("--name", arguments->name, "Its name; that of the file unless given")->type_name("N");
  command.add_option("--type", arguments->media_type, "Its media type; looked up in its beginning unless given")
      ->type_name("MEDIA");
  command.add_option("--value", arguments->value, "More members of its record: a JSON object, or @FILE")
      ->type_name("JSON");
  command
      .add_option("--if-version", arguments->if_version,
                  "Only if its record has this version now; 0: only if there is none")
      ->type_name("V");
  tree.on_run(command, [&command, arguments](Session& session) { return put(session, command, *arguments); });
}

// ---- get

struct GetArguments {
  std::string key;
  std::string collection = "documents";
  std::string output;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

void copy_out(Session& session, DocumentReader& reader, std::uint64_t offset, std::uint64_t length, std::ostream& out,
              bool show) {
  const std::uint64_t total = offset >= reader.size() ? 0 : std::min(length, reader.size() - offset);
  const auto bar = show ? session.progress_bar(ProgressBar::Unit::bytes) : nullptr;
  std::uint64_t done = 0;
  bool stopped = false;
  if (total == 0) return;
  reader.read_all(
      [&](bytes_view part) {
        part = part.substr(0, total - done);
        out.write(part.data(), static_cast<std::streamsize>(part.size()));
        done += part.size();
        stopped = bar && !bar->advance("get", done, total);
        return out.good() && !stopped && done < total;
      },
      offset);
  if (stopped) throw Interrupted("interrupted after " + human_bytes(done));
}

int get(Session& session, const CLI::App& command, const GetArguments& arguments) {
  DocumentReader reader = session.store(Session::Access::read).documents(arguments.collection).reader(arguments.key);
  const std::uint64_t length =
      command.count("--length") != 0 ? arguments.length : std::numeric_limits<std::uint64_t>::max();
  if (!arguments.output.empty()) {
    if (std::filesystem::is_directory(arguments.output))
      throw Error(ErrorCode::io, "cannot write " + arguments.output + ": it is a directory; name a file in it");
    OutputFile file(arguments.output);
    copy_out(session, reader, arguments.offset, length, file.stream(), true);
    file.commit();
    return exit_done;
  }
  if (session.terminal().out_is_terminal && !reader.description().media_type.starts_with("text/")) {
    throw UsageError("doc get: " + arguments.key + " is " + reader.description().media_type +
                     ", nothing for a terminal; write it to a file: -o FILE");
  }
  copy_out(session, reader, arguments.offset, length, session.out(), false);
  session.out().flush();
  if (!session.out()) throw Error(ErrorCode::io, "cannot write to standard output; was it closed, or is a disk full?");
  return exit_done;
}

void add_get(CommandTree& tree, CLI::App& doc) {
  CLI::App& command = tree.add({"get", "KEY",
                                "Write a document's bytes, or a range of them, to standard output or a "
                                "file. The file appears when it is whole",
                                "strata doc get manual -o handbook.pdf", group},
                               {&doc, false, false});
  auto arguments = std::make_shared<GetArguments>();
  command.add_option("KEY", arguments->key, "Which one")->required()->type_name("");
  add_collection(command, arguments->collection);
  command.add_option("-o,--output", arguments->output, "The file to write")->type_name("FILE");
  command.add_option("--offset", arguments->offset, "Leave out so many bytes at the beginning")->type_name("N");
  command.add_option("--length", arguments->length, "Write at most so many bytes")->type_name("N");
  tree.on_run(command, [&command, arguments](Session& session) { return get(session, command, *arguments); });
}

// ---- list, info, stats

struct ListArguments {
  std::string prefix;
  std::string collection = "documents";
  std::uint64_t limit = 0;
};

int list(Session& session, const ListArguments& arguments) {
  constexpr std::size_t page_documents = 500;
  const Documents documents = session.store(Session::Access::read).documents(arguments.collection);
  const auto rows = make_row_writer(session.display());
  const InterruptGuard interrupt;
  std::uint64_t count = 0;
  DocumentPage page;
  do {
    const std::size_t left = arguments.limit == 0 ? page_documents : arguments.limit - count;
    page = documents.list(arguments.prefix, std::min(left, page_documents), page.cursor);
    for (const DocumentDescription& document : page.documents) rows->write(description_row(document));
    count += page.documents.size();
  } while (!page.cursor.empty() && (arguments.limit == 0 || count < arguments.limit) && !interrupt.requested());
  rows->finish(one_or_many(count, "document"));
  if (interrupt.requested()) throw Interrupted("interrupted after " + one_or_many(count, "document"));
  return exit_done;
}

struct KeyArguments {
  std::vector<std::string> keys;
  std::string collection = "documents";
};

int info(Session& session, const KeyArguments& arguments) {
  const std::string& key = arguments.keys.front();
  const auto found = session.store(Session::Access::read).documents(arguments.collection).describe(key);
  if (!found) {
    throw Error(ErrorCode::not_found, "there is no document `" + key + "` in collection `" + arguments.collection +
                                          "`; `strata doc list` names those there are");
  }
  const Display display = session.display();
  Row row = description_row(*found);
  row.emplace_back("version", Value(found->record.version.value));
  if (found->record.expires) row.emplace_back("expires", Value(found->record.expires->to_string()));
  if (display.format != Format::table) row.emplace_back("value", found->record.value);
  write_sheet(display, row);
  if (display.format == Format::table) display.out << found->record.value.view().to_pretty_json() << '\n';
  return exit_done;
}

int erase(Session& session, const KeyArguments& arguments) {
  Documents documents = session.store(Session::Access::change).documents(arguments.collection);
  const auto rows = make_row_writer(session.display());
  std::vector<std::string> absent;
  for (const std::string& key : arguments.keys) {
    if (documents.erase(key)) {
      rows->write({{"key", Value(key)}, {"deleted", Value(true)}});
    } else {
      absent.push_back("`" + key + "`");
    }
  }
  rows->finish();
  if (absent.empty()) return exit_done;
  throw Error(ErrorCode::not_found, "there is no document " + join(absent, ", ") + " in collection `" +
                                        arguments.collection + "`: nothing to delete");
}

/// Chunks are shared by the documents of all collections, so what they take is set beside the content of all.
int statistics(Session& session, const std::string& collection) {
  const Snapshot snapshot = session.store(Session::Access::read).snapshot();
  const DocumentStatistics found = snapshot.documents(collection).statistics();
  std::uint64_t all = 0;
  for (const std::string& name : snapshot.collections()) all += snapshot.documents(name).statistics().bytes;
  const double share = all == 0 ? 0 : static_cast<double>(found.stored_bytes) / static_cast<double>(all);
  write_sheet(session.display(), {{"collection", Value(collection)},
                                  {"documents", Value(found.documents), human_count(found.documents)},
                                  {"bytes", Value(found.bytes), human_bytes(found.bytes)},
                                  {"bytes_of_all", Value(all), human_bytes(all)},
                                  {"chunks", Value(found.chunks), human_count(found.chunks)},
                                  {"stored_bytes", Value(found.stored_bytes), human_bytes(found.stored_bytes)},
                                  {"stored_share", Value(share)},
                                  {"unreferenced", Value(found.unreferenced), human_count(found.unreferenced)}});
  return exit_done;
}

void add_list(CommandTree& tree, CLI::App& doc) {
  CLI::App& command = tree.add({"list", "[PREFIX]", "List documents by key, those whose key begins with PREFIX",
                                "strata doc list src/ --limit 20", group},
                               {&doc, true, false});
  auto arguments = std::make_shared<ListArguments>();
  command.add_option("PREFIX", arguments->prefix, "How the keys begin")->type_name("");
  add_collection(command, arguments->collection);
  command.add_option("--limit", arguments->limit, "At most so many")->type_name("N");
  tree.on_run(command, [arguments](Session& session) { return list(session, *arguments); });
}

void add_info(CommandTree& tree, CLI::App& doc) {
  CLI::App& command =
      tree.add({"info", "KEY", "What is known of a document, its record included", "strata doc info manual", group},
               {&doc, true, false});
  auto arguments = std::make_shared<KeyArguments>();
  command.add_option("KEY", arguments->keys, "Which one")->required()->expected(1)->type_name("");
  add_collection(command, arguments->collection);
  tree.on_run(command, [arguments](Session& session) { return info(session, *arguments); });
}

void add_delete(CommandTree& tree, CLI::App& doc) {
  CLI::App& command =
      tree.add({"delete", "KEY...", "Delete documents with their records; exit code 1 when one is not there",
                "strata doc delete manual", group},
               {&doc, true, true});
  auto arguments = std::make_shared<KeyArguments>();
  command.add_option("KEY", arguments->keys, "Which ones")->required()->type_name("");
  add_collection(command, arguments->collection);
  tree.on_run(command, [arguments](Session& session) { return erase(session, *arguments); });
}

void add_statistics(CommandTree& tree, CLI::App& doc) {
  CLI::App& command = tree.add({"stats", "",
                                "How much the documents of a collection hold, and what the chunks of all "
                                "collections take",
                                "strata doc stats", group},
                               {&doc, true, false});
  auto collection = std::make_shared<std::string>("documents");
  add_collection(command, *collection);
  tree.on_run(command, [collection](Session& session) { return statistics(session, *collection); });
}

}  // namespace

void add_document_commands(CommandTree& tree) {
  CLI::App& doc = tree.add({"doc", "COMMAND", "Documents: large text and bytes under a key, stored once and compressed",
                            "strata doc put README.md", group});
  add_put(tree, doc);
  add_get(tree, doc);
  add_list(tree, doc);
  add_info(tree, doc);
  add_delete(tree, doc);
  add_statistics(tree, doc);
}

}  // namespace strata::cli
