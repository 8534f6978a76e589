// Where a store lies: its directory, the file that says what it is, and the engine in it.
//
//   STRATA              format, store id, engine, generation; replaced atomically
//   lock                the write gate and the opener's lock; never deleted
//   engine/GENERATION/  the engine's own files
//   views/  run/        followers' files; hints
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "store/url.hpp"
#include "strata/engine.hpp"
#include "strata/options.hpp"

namespace strata::store {

/// The content of the file STRATA.
struct Signpost {
  std::uint32_t format = 0;
  Uuid store_id;
  std::string engine;
  std::uint64_t generation = 1;
};

std::string encode_signpost(const Signpost& signpost);
/// `unsupported` for a newer format, `corruption` for what is no such file; `path` is for the message.
Signpost decode_signpost(const std::string& path, std::string_view text);

struct Opened {
  std::unique_ptr<engine::Engine> engine;
  std::string url;        ///< With the scheme and the absolute path.
  std::string directory;  ///< Empty when there is none.
};

/// Makes the signpost of a directory say that the store in it has this id.
void set_store_id(const std::string& directory, const Uuid& store_id);

/// Opens the store at the URL, or makes it. Errors as Store::open says.
Opened open_place(const Url& url, const OpenOptions& options);

}  // namespace strata::store
