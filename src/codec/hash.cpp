#include "codec/hash.hpp"

#include <xxhash.h>

#include <charconv>
#include <cstring>
#include <memory>

#include "codec/varint.hpp"

namespace strata::codec {
namespace {

// Parts up to this many bytes are gathered and hashed in one go: XXH3's streaming state takes 576 bytes and longer to
// set up than to copy these.
constexpr std::size_t gathered_bytes_max = 512;

std::size_t total_bytes(std::initializer_list<bytes_view> parts) {
  std::size_t total = 0;
  for (bytes_view part : parts) total += part.size();
  return total;
}

class Gathered {
 public:
  explicit Gathered(std::initializer_list<bytes_view> parts) {
    for (bytes_view part : parts) {
      if (part.empty()) continue;
      std::memcpy(bytes_ + size_, part.data(), part.size());
      size_ += part.size();
    }
  }
  bytes_view view() const { return {bytes_, size_}; }

 private:
  char bytes_[gathered_bytes_max];
  std::size_t size_ = 0;
};

struct StateDeleter {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};
using State = std::unique_ptr<XXH3_state_t, StateDeleter>;

State new_state() {
  State state(XXH3_createState());
  if (!state) throw std::bad_alloc();
  return state;
}

Hash128 from_xxhash(XXH128_hash_t hash) { return {hash.low64, hash.high64}; }

}  // namespace

Hash128& Hash128::operator+=(const Hash128& other) {
  low += other.low;
  high += other.high + (low < other.low ? 1 : 0);
  return *this;
}

Hash128& Hash128::operator-=(const Hash128& other) {
  const std::uint64_t borrow = low < other.low ? 1 : 0;
  low -= other.low;
  high -= other.high + borrow;
  return *this;
}

std::string Hash128::to_string() const {
  constexpr char digits[] = "0123456789abcdef";
  std::string text(32, '0');
  for (std::size_t i = 0; i < 16; ++i) {
    text[i] = digits[(high >> (60 - 4 * i)) & 15];
    text[16 + i] = digits[(low >> (60 - 4 * i)) & 15];
  }
  return text;
}

std::optional<Hash128> Hash128::parse(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  Hash128 hash;
  const char* middle = text.data() + 16;
  const auto high = std::from_chars(text.data(), middle, hash.high, 16);
  const auto low = std::from_chars(middle, middle + 16, hash.low, 16);
  if (high.ec != std::errc() || high.ptr != middle || low.ec != std::errc() || low.ptr != middle + 16) {
    return std::nullopt;
  }
  return hash;
}

std::uint64_t hash64(bytes_view data, std::uint64_t seed) {
  return XXH3_64bits_withSeed(data.data(), data.size(), seed);
}

std::uint64_t hash64(std::initializer_list<bytes_view> parts, std::uint64_t seed) {
  if (total_bytes(parts) <= gathered_bytes_max) return hash64(Gathered(parts).view(), seed);
  const State state = new_state();
  XXH3_64bits_reset_withSeed(state.get(), seed);
  for (bytes_view part : parts) XXH3_64bits_update(state.get(), part.data(), part.size());
  return XXH3_64bits_digest(state.get());
}

Hash128 hash128(bytes_view data, std::uint64_t seed) {
  return from_xxhash(XXH3_128bits_withSeed(data.data(), data.size(), seed));
}

Hash128 hash128(std::initializer_list<bytes_view> parts, std::uint64_t seed) {
  if (total_bytes(parts) <= gathered_bytes_max) return hash128(Gathered(parts).view(), seed);
  const State state = new_state();
  XXH3_128bits_reset_withSeed(state.get(), seed);
  for (bytes_view part : parts) XXH3_128bits_update(state.get(), part.data(), part.size());
  return from_xxhash(XXH3_128bits_digest(state.get()));
}

struct HashStream::State {
  codec::State state = new_state();
};

HashStream::HashStream() : state_(std::make_unique<State>()) { XXH3_128bits_reset(state_->state.get()); }
HashStream::~HashStream() = default;
HashStream::HashStream(HashStream&&) noexcept = default;
HashStream& HashStream::operator=(HashStream&&) noexcept = default;

void HashStream::add(bytes_view part) { XXH3_128bits_update(state_->state.get(), part.data(), part.size()); }

Hash128 HashStream::hash() const { return from_xxhash(XXH3_128bits_digest(state_->state.get())); }

void append_hash(Bytes& out, const Hash128& hash) {
  append_be64(out, hash.high);
  append_be64(out, hash.low);
}

Hash128 take_hash(bytes_view& in) {
  Hash128 hash;
  hash.high = take_be64(in);
  hash.low = take_be64(in);
  return hash;
}

}  // namespace strata::codec
