#include "view/views.hpp"

#include <algorithm>
#include <cctype>

#include "platform/clock.hpp"
#include "platform/file.hpp"
#include "strata/error.hpp"

namespace strata::view {
namespace {

constexpr auto patience = std::chrono::seconds(60);
constexpr auto look_again = std::chrono::milliseconds(100);

/// A name that is one on every file system, and another one for every other text.
std::string file_name(std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string name;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_') {
      name += c;
    } else {
      name += '%';
      name += digits[static_cast<unsigned char>(c) >> 4];
      name += digits[static_cast<unsigned char>(c) & 15];
    }
  }
  constexpr std::size_t name_bytes_max = 120;
  if (name.size() <= name_bytes_max) return name;
  return name.substr(0, name_bytes_max - 40) + "%" + codec::hash128(text).to_string();
}

std::string place_of(const std::string& root, std::string_view kind, std::string_view collection,
                     std::string_view name) {
  if (root.empty()) return {};
  return platform::join(platform::join(root, kind), file_name(collection) + "." + file_name(name));
}

[[noreturn]] void fail_closed() { throw Error(ErrorCode::closed, "the store has been closed; open it again"); }

}  // namespace

Views::Views(commit::Trunk& trunk, std::function<std::string()> place) : trunk_(trunk), place_(std::move(place)) {}

Views::~Views() { Views::close(); }

Views& Views::of(const commit::Trunk& trunk) {
  if (auto* views = dynamic_cast<Views*>(trunk.companion())) return *views;
  throw Error(ErrorCode::internal, "the store was opened without views");
}

const std::string& Views::directory() {
  if (!directory_) directory_ = place_();
  return *directory_;
}

OpenView Views::open_view() {
  return [this] { return trunk_.view(); };
}

std::shared_ptr<VectorView> Views::vector(const std::string& collection, const std::string& field) {
  const std::lock_guard lock(mutex_);
  if (stopping_) fail_closed();
  auto& view = vectors_[{collection, field}];
  if (!view) view = std::make_shared<VectorView>(place_of(directory(), "vector", collection, field), collection, field);
  return view;
}

std::shared_ptr<TextIndex> Views::text(const std::string& collection, const TextOptions& options) {
  const std::lock_guard lock(mutex_);
  if (stopping_) fail_closed();
  auto& index = texts_[{collection, options.name}];
  if (!index || !(index->options() == options))
    index = std::make_shared<TextIndex>(place_of(directory(), "text", collection, options.name), options, collection);
  return index;
}

void Views::forget_vector(const std::string& collection, const std::string& field) {
  const std::lock_guard lock(mutex_);
  vectors_.erase({collection, field});
  if (!directory().empty()) platform::remove_tree(place_of(directory(), "vector", collection, field));
}

void Views::forget_text(const std::string& collection, const std::string& name) {
  const std::lock_guard lock(mutex_);
  texts_.erase({collection, name});
  if (!directory().empty()) platform::remove_tree(place_of(directory(), "text", collection, name));
}

void Views::replace_vector(const std::string& collection, const std::string& field, const std::string& by) {
  const std::lock_guard lock(mutex_);
  vectors_.erase({collection, field});
  vectors_.erase({collection, by});
  if (directory().empty()) return;
  const std::string from = place_of(directory(), "vector", collection, by);
  const std::string to = place_of(directory(), "vector", collection, field);
  try {
    platform::remove_tree(to);
    if (platform::exists(from)) platform::rename_file(from, to);
  } catch (const Error&) {
    return;  // the manifest tells whose vectors it was built of: the index is built anew
  }
}

void Views::want_building(const std::shared_ptr<VectorView>& view) {
  if (!trunk_.options().background || trunk_.options().read_only) return;
  const std::uint64_t stamp = view->directory().manifest_stamp();
  const std::lock_guard lock(mutex_);
  const bool waits = std::any_of(wanted_.begin(), wanted_.end(), [&](const Wanted& one) { return one.view == view; });
  if (stopping_ || waits) return;
  wanted_.push_back({view, stamp});
  if (!builder_.joinable()) builder_ = std::thread([this] { work(); });
  changed_.notify_one();
}

bool Views::stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

/// The builder's thread. A view stays in the line while it is being built, so that it is not put there again.
void Views::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !wanted_.empty(); });
    if (stopping_) return;
    const auto [view, stamp] = wanted_.front();
    lock.unlock();
    VectorBuildOptions options;
    options.memory_bytes = trunk_.options().index_build_bytes;
    options.advance = [this](std::string_view, std::uint64_t, std::uint64_t) { return !stopping(); };
    bool again = false;
    try {
      // Where another process has built meanwhile, the next search tells whether that was enough.
      if (view->directory().manifest_stamp() == stamp) {
        VectorBuilder builder(view->directory(), view->collection(), view->field(), open_view(), std::move(options));
        again = builder.run() == VectorBuilder::Outcome::busy;
      }
    } catch (const Error&) {
      again = false;  // searches go on without, and say why; the next one asks for it again
    }
    lock.lock();
    // Another process is at it: should that die, this one takes over within the second.
    if (again) changed_.wait_for(lock, look_again, [this] { return stopping_; });
    if (!again) std::erase_if(wanted_, [&view = view](const Wanted& one) { return one.view == view; });
    if (again && wanted_.size() > 1) std::rotate(wanted_.begin(), wanted_.begin() + 1, wanted_.end());
  }
}

bool Views::build(VectorView& view, engine::Progress* progress) {
  const auto give_up_at = platform::steady_now() + patience;
  for (;;) {
    VectorBuildOptions options;
    options.threads = std::max(1U, std::thread::hardware_concurrency());
    options.memory_bytes = trunk_.options().index_build_bytes;
    options.everything = true;
    options.advance = [&](std::string_view phase, std::uint64_t done, std::uint64_t total) {
      return !stopping() && (!progress || progress->advance(phase, done, total));
    };
    VectorBuilder builder(view.directory(), view.collection(), view.field(), open_view(), std::move(options));
    switch (builder.run()) {
      case VectorBuilder::Outcome::done:
        return true;
      case VectorBuilder::Outcome::stopped:
        return false;
      case VectorBuilder::Outcome::busy:
        break;
    }
    if (platform::steady_now() > give_up_at) {
      throw Error(ErrorCode::busy, "another process has been building the index of vector field `" + view.field() +
                                       "` for a minute; it will be done by that");
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, look_again, [this] { return stopping_; });
    if (stopping_) fail_closed();
  }
}

void Views::close() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    vectors_.clear();
    texts_.clear();
  }
  changed_.notify_all();
  if (builder_.joinable()) builder_.join();
}

}  // namespace strata::view
