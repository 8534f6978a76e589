#include "cli/session.hpp"

#include <algorithm>
#include <cstdlib>

#include "cli/text.hpp"

namespace strata::cli {

Session::Session(Terminal terminal) : terminal_(terminal) {}

std::string Session::location() const {
  if (!choice.location.empty()) return choice.location;
  const char* chosen = std::getenv("STRATA_STORE");
  return chosen != nullptr && *chosen != '\0' ? chosen : "./strata-data";
}

Store& Session::store(Access access) {
  const std::string wanted = location();
  if (keep_open_ && access == Access::read) access = Access::change;
  if (store_ && store_location_ == wanted && (access <= store_access_ || keep_open_)) return *store_;
  close_store();
  OpenOptions options;
  options.create = access == Access::create;
  options.read_only = access == Access::read;
  options.background = keep_open_;
  options.origin = "strata " + command;
  if (choice.durability) options.durability = *choice.durability;
  try {
    store_ = Store::open(wanted, options);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found || options.create) throw;
    throw Error(ErrorCode::not_found,
                "no store at " + without_secrets(wanted) +
                    ": name one with -s STORE or $STRATA_STORE; the first put or import makes it");
  }
  store_location_ = wanted;
  store_access_ = access;
  return *store_;
}

void Session::close_store() {
  if (!store_) return;
  Store closing = std::move(*store_);
  store_.reset();
  closing.close();
}

Collection Session::existing_collection(Access access, const std::string& name) {
  Collection collection = store(access).collection(name);
  if (collection.exists()) return collection;
  const std::vector<std::string> names = visible_collections(access);
  std::string message = "no collection " + name + " in " + location() + ": ";
  if (names.empty()) {
    message += "it has none yet; the first put or import makes one";
  } else if (const auto near = nearest(name, names)) {
    message += "did you mean " + *near + "?";
  } else {
    message += "there " + std::string(names.size() == 1 ? "is " : "are ") +
               join(std::span(names).first(std::min<std::size_t>(names.size(), 10)), ", ") +
               (names.size() > 10 ? ", ..." : "");
  }
  throw Error(ErrorCode::not_found, message);
}

std::vector<std::string> Session::visible_collections(Access access) {
  std::vector<std::string> names = store(access).collections();
  std::erase_if(names, [](const std::string& name) { return name.starts_with('_'); });
  return names;
}

CommitOptions Session::commit_options() const {
  CommitOptions options;
  options.durability = choice.durability;
  return options;
}

Display Session::display() const {
  const Format usual = terminal_.out_is_terminal ? Format::table : Format::jsonl;
  const Format format = choice.format.value_or(usual);
  return {terminal_.out, format, terminal_.out_is_terminal ? terminal_.width : 0,
          terminal_.out_is_terminal && terminal_.colour};
}

std::unique_ptr<ProgressBar> Session::progress_bar(ProgressBar::Unit unit) {
  return std::make_unique<ProgressBar>(
      terminal_.error,
      ProgressBar::Options{terminal_.error_is_terminal, terminal_.width == 0 ? 80 : terminal_.width, unit});
}

std::vector<std::string> built_in_engines() {
  // The library makes its engines known when it first opens a store.
  OpenOptions options;
  options.background = false;
  Store::open("memory:", options).close();
  return engine::engine_schemes();
}

void Session::note(const std::string& text) {
  if (!terminal_.error_is_terminal) return;
  terminal_.out << std::flush;
  terminal_.error << faint(text, terminal_.colour) << '\n' << std::flush;
}

}  // namespace strata::cli
