// vector embed: vectors made of the text of records by a model, kept up as the records change.
#include <cstdlib>

#include "cli/command_tree.hpp"
#include "cli/embedder.hpp"
#include "cli/help.hpp"
#include "cli/system.hpp"
#include "cli/text.hpp"
#include "strata/search.hpp"
#include "strata/subscription.hpp"

namespace strata::cli {
namespace {

// A wait is renewed this often, to look whether Ctrl-C was pressed.
constexpr std::chrono::milliseconds wait_time{500};

struct EmbedArguments {
  std::string collection;
  std::string field;
  std::string sources;
  std::string key_variable;
  EmbedderOptions embedder;
  std::uint64_t batch = 64;
  bool follow = false;
};

class Embedding {
 public:
  Embedding(Session& session, const EmbedArguments& arguments)
      : store_(session.store(Session::Access::change)),
        arguments_(arguments),
        sources_(split_list(arguments.sources)),
        embedder_(arguments.embedder, [this] { check_interrupt(); }),
        subscription_(store_.subscribe({.collections = {{.name = arguments.collection}},
                                        .consumer = "embed/" + arguments.collection + "/" + arguments.field,
                                        .start = Start::state})) {}

  int run(Session& session) {
    for (;;) {
      check_interrupt();
      const std::vector<Change> changes = next_batch();
      if (!changes.empty()) {
        embed(changes);
      } else if (!arguments_.follow) {
        break;
      }
    }
    const auto rows = make_row_writer(session.display());
    rows->write({{"collection", Value(arguments_.collection)},
                 {"field", Value(arguments_.field)},
                 {"embedded", Value(embedded_), human_count(embedded_)},
                 {"without_text", Value(without_text_), human_count(without_text_)}});
    rows->finish();
    return exit_done;
  }

 private:
  void check_interrupt() const {
    if (interrupt_.requested()) {
      throw Interrupted("interrupted after " + one_or_many(embedded_, "record") + ": the same command goes on");
    }
  }

  std::vector<Change> next_batch() {
    const auto patience = arguments_.follow ? wait_time : std::chrono::milliseconds(0);
    try {
      return subscription_.next_batch(arguments_.batch, patience);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::gap) throw;
      subscription_.restart(Start::state);  // the log no longer tells what changed: all are looked at again
      return subscription_.next_batch(arguments_.batch, patience);
    }
  }

  std::string text_of(const Record& record) const {
    std::string text;
    for (const std::string& source : sources_) {
      const std::string_view part = record.value.at(source).string_or("");
      if (part.empty()) continue;
      if (!text.empty()) text += '\n';
      text += part;
    }
    return text;
  }

  /// The vectors and the place from which to go on, in one commit.
  void embed(const std::vector<Change>& changes) {
    std::vector<const Record*> records;
    std::vector<const Record*> silent;
    std::vector<std::string> texts;
    for (const Change& change : changes) {
      if (change.kind != Change::Kind::put || !change.record) continue;
      std::string text = text_of(*change.record);
      if (text.empty()) {
        silent.push_back(&*change.record);
      } else {
        records.push_back(&*change.record);
        texts.push_back(std::move(text));
      }
    }
    const auto vectors = texts.empty() ? std::vector<std::vector<float>>() : embedder_.embed(texts);
    store_.transact([&](Transaction& transaction) {
      Collection collection = transaction.collection(arguments_.collection);
      // Who has changed again meanwhile is told of again.
      const auto is_as_read = [&](const Record& record) {
        const auto now = collection.get(record.key);
        return now && now->version == record.version;
      };
      for (std::size_t i = 0; i < records.size(); ++i) {
        if (is_as_read(*records[i])) collection.put_vector(records[i]->key, arguments_.field, vectors[i]);
      }
      for (const Record* record : silent) {
        if (is_as_read(*record)) collection.erase_vector(record->key, arguments_.field);
      }
      subscription_.save(transaction);
    });
    embedded_ += records.size();
    without_text_ += silent.size();
  }

  Store& store_;
  const EmbedArguments& arguments_;
  std::vector<std::string> sources_;
  InterruptGuard interrupt_;
  Embedder embedder_;
  Subscription subscription_;
  std::uint64_t embedded_ = 0;
  std::uint64_t without_text_ = 0;
};

int embed(Session& session, EmbedArguments& arguments) {
  if (split_list(arguments.sources).empty()) throw UsageError("vector embed: of which text? Give --from FIELD,...");
  if (arguments.embedder.program.empty() == arguments.embedder.url.empty())
    throw UsageError("vector embed: by what? Give --url with --model, or a program behind --");
  if (arguments.batch == 0 || arguments.embedder.attempts == 0)
    throw UsageError("vector embed: --batch and --attempts are at least 1");
  if (!arguments.key_variable.empty()) {
    const char* key = std::getenv(arguments.key_variable.c_str());
    if (key == nullptr) throw UsageError("vector embed: the variable " + arguments.key_variable + " is not set");
    arguments.embedder.key = key;
  }
  const Collection collection = session.existing_collection(Session::Access::change, arguments.collection);
  for (const VectorDescription& vector : collection.vectors()) {
    if (vector.options.field == arguments.field) return Embedding(session, arguments).run(session);
  }
  throw Error(ErrorCode::not_found, "no vector field " + arguments.field + " on collection " + arguments.collection +
                                        ": strata vector create " + arguments.collection + " " + arguments.field +
                                        " --dim N");
}

}  // namespace

void add_vector_embed(CommandTree& tree, CLI::App& parent) {
  CLI::App& command =
      tree.add({"embed", "COLLECTION FIELD --from F,... (--url URL --model M | -- PROGRAM...)",
                "Make the vectors of a field from text of the records, by a program or an HTTP endpoint; run again, it "
                "goes on with what has changed since",
                "strata vector embed notes embedding --from text --url http://localhost:11434/v1/embeddings "
                "--model all-minilm",
                "Commands"},
               {&parent, true, false});
  auto arguments = std::make_shared<EmbedArguments>();
  EmbedderOptions& embedder = arguments->embedder;
  command.add_option("COLLECTION", arguments->collection, "Of these records")->required()->type_name("");
  command.add_option("FIELD", arguments->field, "The vector field that takes them")->required()->type_name("");
  command
      .add_option("PROGRAM", embedder.program,
                  "Gets a JSON string a line, and writes an array of numbers a line, in the same order")
      ->type_name("");
  command.add_option("--from", arguments->sources, "The fields of the text")->type_name("F,...");
  command.add_option("--url", embedder.url, "An endpoint that speaks as OpenAI's does; asked through curl")
      ->type_name("URL");
  command.add_option("--model", embedder.model, "The model that the endpoint is to use")->type_name("M");
  command.add_option("--key-env", arguments->key_variable, "The variable that holds the endpoint's key")
      ->type_name("NAME");
  command.add_option("--batch", arguments->batch, "Texts at a time (64)")->type_name("N");
  command.add_option("--attempts", embedder.attempts, "Before it gives up (3)")->type_name("N");
  command.add_flag("--follow", arguments->follow, "Stay, and embed what is put from now on");
  tree.on_run(command, [arguments](Session& session) { return embed(session, *arguments); });
}

}  // namespace strata::cli
