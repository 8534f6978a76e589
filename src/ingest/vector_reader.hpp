// Vectors out of binary files: NumPy's .npy (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html),
// a matrix of floats with a vector in each row, and .fvecs (http://corpus-texmex.irisa.fr), where each vector's length
// stands before it.
#pragma once

#include <cstddef>
#include <string>

#include "ingest/reader.hpp"

namespace strata::ingest {

/// A record for each vector, {FIELD: [...]}; its key, where keys are taken from the file, is its number in the file,
/// from 0, in ten digits.
class VectorReader : public Reader {
 public:
  /// Reads the head of an .npy file; BadLine when it is none that can be read here.
  VectorReader(LineSource& source, Format format, const ReaderOptions& options);
  std::optional<Item> next() override;
  Format format() const override { return format_; }

 private:
  void read_head();
  [[noreturn]] void fail(const std::string& why) const;

  LineSource& source_;
  Format format_;
  std::string field_;
  bool own_keys_;
  std::size_t columns_ = 0;
  std::size_t rows_ = 0;           ///< Of .npy: what the head says.
  std::size_t element_bytes_ = 4;  ///< 4 or 8: floats.
  std::size_t number_ = 0;
};

}  // namespace strata::ingest
