#include "view/text/text_index.hpp"

#include <algorithm>
#include <utility>

#include "strata/error.hpp"
#include "view/text/snippet_cutter.hpp"
#include "view/text/text_reading.hpp"
#include "view/text/word_follower.hpp"

namespace strata::view {
namespace {

constexpr std::size_t fields_max = 8;
/// So often a reading begins again because others go on committing; then it indexes apart what differs.
constexpr int rounds_max = 3;

using Relation = text::WordFollower::Relation;

const TextOptions& checked(const TextOptions& options) {
  if (options.fields.empty() || options.fields.size() > fields_max) {
    throw Error(ErrorCode::invalid_argument,
                "a text field has 1 to 8 paths; this one has " + std::to_string(options.fields.size()));
  }
  for (const std::string& field : options.fields) static_cast<void>(ValueView().at(field));
  return options;
}

}  // namespace

class TextIndex::State {
 public:
  State(const std::string& directory, const TextOptions& options, const std::string& collection)
      : follower(std::make_shared<text::WordFollower>(directory, options, collection)), cutter(options) {}

  std::shared_ptr<text::WordFollower> follower;
  text::SnippetCutter cutter;
};

TextIndex::TextIndex(const std::string& directory, const TextOptions& options, const std::string& collection)
    : state_(std::make_shared<State>(directory, checked(options), collection)) {}

TextIndex::~TextIndex() = default;

void TextIndex::try_advance(TextReading::State& reading, const OpenView& open_view) {
  try {
    state_->follower->advance(open_view);
  } catch (const Error& error) {
    reading.note_or_rethrow(error);
  }
}

TextReading TextIndex::read(const OpenView& open_view) {
  auto state = std::make_unique<TextReading::State>(state_->follower);
  Relation relation = Relation::useless;
  for (int round = 0;; ++round) {
    state->own_source.reset();
    state->own_view = open_view();
    relation = state->pin_if_possible(state->source());
    if (relation == Relation::exact || round == rounds_max || !state->trouble.empty()) break;
    // The first time that it is ahead someone else was quicker: a newer view will do.
    if (relation != Relation::ahead || round > 0) {
      state->unpin();
      try_advance(*state, open_view);
    }
  }
  state->complete(state->source(), relation, open_view);
  return TextReading(std::move(state));
}

TextReading TextIndex::read_at(commit::Source& source, const OpenView& open_view) {
  auto state = std::make_unique<TextReading::State>(state_->follower);
  state->asked = &source;
  Relation relation = state->pin_if_possible(source);
  if (state->trouble.empty() && (relation == Relation::behind || relation == Relation::useless)) {
    state->unpin();
    try_advance(*state, open_view);
    relation = state->pin_if_possible(source);
  }
  state->complete(source, relation, open_view);
  return TextReading(std::move(state));
}

Position TextIndex::bring_up(const OpenView& open_view, engine::Progress* progress) {
  std::uint64_t filled = 0, applied = 0;
  for (;;) {
    const auto step = state_->follower->step(open_view);
    (step.filling ? filled : applied) += step.handled;
    const bool go_on = !progress || (step.filling ? progress->advance("fill", filled, std::max(filled, step.total))
                                                  : progress->advance("apply", applied, std::max(applied, step.total)));
    if (step.done || !go_on) return step.filling ? Position{} : step.reached;
  }
}

TextIndex::Description TextIndex::describe() {
  Description description;
  text::IndexFile& file = state_->follower->file();
  {
    const text::IndexFile::Lease connection = file.take();
    text::SqliteTransaction transaction(*connection, text::SqliteTransaction::Kind::read);
    text::WordTable table(*connection, state_->follower->options());
    if (const auto state = table.state()) {
      description.rows = table.totals({}).rows;
      description.filling = !state->is_ready();
      if (state->is_ready()) description.indexed = state->point.position;
    }
  }
  description.shared = file.is_shared();
  description.file_bytes = file.file_bytes();
  return description;
}

std::string TextIndex::snippet(ValueView record, std::string_view words, std::size_t tokens) {
  return state_->cutter.cut(record, words, tokens);
}

std::uint64_t TextIndex::rows_written() const { return state_->follower->rows_written(); }

const TextOptions& TextIndex::options() const { return state_->follower->options(); }

}  // namespace strata::view
