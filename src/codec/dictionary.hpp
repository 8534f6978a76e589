// Compression of record bodies: zstd (RFC 8878) with a small dictionary for each collection.
//
// Records of one collection repeat their field names and much of their text, each too short to compress by itself. A
// dictionary of 4 KiB, trained on some of them, holds what they share. It stands in the catalogue, so whoever reads a
// record has it. Collections of long bodies, each worth compressing by itself, do not wait for theirs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "strata/types.hpp"

namespace strata::codec {

inline constexpr std::size_t dictionary_bytes = 4096;
/// Shorter bodies are kept as they are: reading them stays as fast as can be.
inline constexpr std::size_t compressed_body_bytes_min = 256;

/// The body compressed without a dictionary, or nothing when that would save less than an eighth.
std::optional<Bytes> compress_alone(bytes_view body);
/// `corruption` when it is damaged or does not have `size` bytes.
Bytes decompress_alone(bytes_view compressed, std::size_t size);

/// Immutable; thread-safe.
class Dictionary {
 public:
  ~Dictionary();
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

  /// Trains one; nothing when the samples are too few or share too little.
  static std::shared_ptr<const Dictionary> train(const std::vector<Bytes>& samples);
  /// The dictionary with these bytes; the process keeps one of each, for as long as it lives, and finds it by its id.
  static std::shared_ptr<const Dictionary> of(bytes_view bytes);
  /// Null when no dictionary of that id was met.
  static const Dictionary* find(std::uint32_t id);

  /// A hash of the bytes.
  std::uint32_t id() const { return id_; }
  bytes_view bytes() const { return bytes_; }

  /// The body compressed, or nothing when that would save less than an eighth.
  std::optional<Bytes> compress(bytes_view body) const;
  /// `corruption` when it is damaged or does not have `size` bytes.
  Bytes decompress(bytes_view compressed, std::size_t size) const;

 protected:
  explicit Dictionary(bytes_view bytes);

 private:
  struct Tables;
  Bytes bytes_;
  std::uint32_t id_;
  std::unique_ptr<Tables> tables_;
};

}  // namespace strata::codec
