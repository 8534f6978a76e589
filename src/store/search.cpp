// Collection: vectors, text, and searching both.
#include "strata/search.hpp"

#include "codec/head.hpp"
#include "commit/writer.hpp"
#include "model/record.hpp"
#include "model/vector_field.hpp"
#include "platform/clock.hpp"
#include "query/search.hpp"
#include "store/access.hpp"
#include "strata/error.hpp"
#include "view/views.hpp"

namespace strata {
namespace {

constexpr std::size_t records_per_move = 500;
constexpr auto wait_poll = std::chrono::milliseconds(250);

view::Views& views_of(const detail::CollectionAccess& access) {
  access.trunk()->check_open();
  return view::Views::of(*access.trunk());
}

/// Waits until the store has come to the position.
void await(commit::Trunk& trunk, Position position) {
  const auto deadline = trunk.deadline({});
  for (;;) {
    const std::uint32_t word = trunk.engine().wake().current();
    const Position newest = trunk.view()->position();
    if (newest >= position) return;
    const auto now = platform::steady_now();
    if (now >= deadline) {
      throw Error(ErrorCode::busy, "the store is at position " + std::to_string(newest.value) +
                                       " and did not come to " + std::to_string(position.value) +
                                       " in time; ask again later");
    }
    trunk.engine().wake().wait(word, std::min(deadline, now + wait_poll));
  }
}

}  // namespace

SearchResult Collection::search(const Search& request) const {
  view::Views& views = views_of(*access_);
  if (access_->reads_newest()) {
    if (request.at_least) await(*access_->trunk(), *request.at_least);
    return query::search(views, name_, request);
  }
  SearchResult result;
  access_->read([&](commit::Source& source) {
    if (request.at_least && source.view().position() < *request.at_least) {
      throw Error(ErrorCode::invalid_argument,
                  "this snapshot or transaction shows an older state than the one that is asked for; open a newer one");
    }
    result = query::search_at(views, source, name_, request);
  });
  return result;
}

std::optional<std::vector<float>> Collection::vector(std::string_view key, std::string_view field) const {
  std::optional<std::vector<float>> found;
  access_->read([&](commit::Source& source) { found = model::get_vector(source, name_, key, field); });
  return found;
}

Version Collection::put_vector(std::string_view key, std::string_view field, std::span<const float> vector) {
  const CommitResult result = access_->write(
      [&](commit::Transaction& transaction) { model::put_vector(transaction, name_, key, field, vector); });
  return Version{result.position.value};
}

bool Collection::erase_vector(std::string_view key, std::string_view field) {
  bool existed = false;
  access_->write(
      [&](commit::Transaction& transaction) { existed = model::erase_vector(transaction, name_, key, field); });
  return existed;
}

void Collection::create_vector(const VectorOptions& options, engine::Progress* progress) {
  access_->check_alone("declaring a vector field");
  commit::check_collection_name(name_);
  model::check_vector_options(name_, options);
  bool fresh = true;
  std::uint64_t total = 0;
  access_->read([&](commit::Source& source) {
    const commit::CollectionDefinition* collection = source.collection(name_);
    if (!collection) return;
    fresh = collection->vector(options.field) == nullptr;
    if (fresh) model::check_vectors(source, name_, options);
    if (const auto row = source.get(commit::totals_space, commit::totals_key(collection->records())))
      total = codec::decode_totals(*row).rows;
  });
  access_->declare([&](commit::Transaction& transaction) { model::declare_vector(transaction, name_, options); });
  // One that was interrupted here is gone on with when it is declared again.
  std::string from;
  std::uint64_t looked_at = 0;
  for (bool more = true; more;) {
    model::VectorMove move;
    store::run(access_->trunk(),
               [&](commit::Transaction& transaction) {
                 move = model::move_vectors(transaction, name_, options, from, records_per_move);
               },
               {});
    looked_at += move.records;
    more = move.reached && move.records == records_per_move;
    if (move.reached) from = *move.reached;
    if (progress && total > 0 && !progress->advance("vectors", looked_at, std::max(total, looked_at))) return;
  }
  build_vector(options, progress);
}

bool Collection::build_vector(const VectorOptions& options, engine::Progress* progress) {
  view::Views& views = views_of(*access_);
  const auto view = views.vector(name_, options.field);
  access_->read([&](commit::Source& source) { view->follow(source, options); });
  const bool files = view->state().segments > 0;
  // What is few is held in memory by whoever searches.
  return !(view->wants_building() || files) || views.build(*view, progress);
}

bool Collection::drop_vector(std::string_view field) {
  bool existed = false;
  access_->declare([&](commit::Transaction& transaction) { existed = model::drop_vector(transaction, name_, field); });
  if (existed) views_of(*access_).forget_vector(name_, std::string(field));
  return existed;
}

void Collection::replace_vector(std::string_view field, std::string_view by) {
  access_->check_alone("replacing a vector field");
  view::Views& views = views_of(*access_);
  access_->declare([&](commit::Transaction& transaction) { model::replace_vector(transaction, name_, field, by); });
  views.replace_vector(name_, std::string(field), std::string(by));
}

std::vector<VectorDescription> Collection::vectors() const {
  std::vector<VectorDescription> out;
  view::Views& views = views_of(*access_);
  access_->read([&](commit::Source& source) {
    out.clear();
    const commit::CollectionDefinition* collection = source.collection(name_);
    if (!collection) return;
    for (const VectorOptions& options : collection->vectors) {
      VectorDescription one;
      one.options = options;
      one.vectors = view::count_vectors(source, name_, options);
      const auto view = views.vector(name_, options.field);
      if (!source.tracks()) view->follow(source, options);
      const view::VectorView::State state = view->state();
      one.in_use = state.in_use;
      one.indexed = state.indexed;
      one.unindexed = state.segments == 0 ? one.vectors : state.unindexed;
      one.segments = state.segments;
      one.file_bytes = state.file_bytes;
      out.push_back(std::move(one));
    }
  });
  return out;
}

void Collection::create_text(const TextOptions& options, engine::Progress* progress) {
  access_->check_alone("declaring a text field");
  commit::check_collection_name(name_);
  const TextOptions wanted = model::checked(options);
  view::Views& views = views_of(*access_);
  const auto index = views.text(name_, wanted);  // `unsupported` before anything is declared
  access_->declare([&](commit::Transaction& transaction) { model::declare_text(transaction, name_, wanted); });
  index->bring_up(views.open_view(), progress);
}

bool Collection::drop_text(std::string_view name) {
  bool existed = false;
  access_->declare([&](commit::Transaction& transaction) { existed = model::drop_text(transaction, name_, name); });
  if (existed) views_of(*access_).forget_text(name_, std::string(name));
  return existed;
}

std::vector<TextDescription> Collection::texts() const {
  std::vector<TextDescription> out;
  view::Views& views = views_of(*access_);
  access_->read([&](commit::Source& source) {
    out.clear();
    const commit::CollectionDefinition* collection = source.collection(name_);
    if (!collection) return;
    for (const TextOptions& options : collection->texts) {
      const auto state = views.text(name_, options)->describe();
      out.push_back({options, state.rows, state.indexed, state.file_bytes});
    }
  });
  return out;
}

bool Collection::build_search(engine::Progress* progress) {
  view::Views& views = views_of(*access_);
  std::vector<VectorOptions> vectors;
  std::vector<TextOptions> texts;
  access_->read([&](commit::Source& source) {
    const commit::CollectionDefinition* collection = source.collection(name_);
    if (!collection) return;
    vectors = collection->vectors;
    texts = collection->texts;
  });
  for (const VectorOptions& options : vectors) {
    if (!build_vector(options, progress)) return false;
  }
  for (const TextOptions& options : texts) views.text(name_, options)->bring_up(views.open_view(), progress);
  return true;
}

}  // namespace strata
