#include "cli/output_file.hpp"

#include <filesystem>

#include "strata/error.hpp"

namespace strata::cli {

OutputFile::OutputFile(std::string path) : path_(std::move(path)), partial_path_(path_ + ".partial") {
  stream_.open(partial_path_, std::ios::binary | std::ios::trunc);
  if (!stream_) throw Error(ErrorCode::io, "cannot write " + path_ + ": is its directory there, and yours to write?");
}

OutputFile::~OutputFile() {
  stream_.close();
  std::error_code ignored;  // nothing is left to do about a partial file that cannot be removed
  std::filesystem::remove(partial_path_, ignored);
}

void OutputFile::commit() {
  stream_.close();
  if (!stream_) throw Error(ErrorCode::io, "cannot write " + path_ + ": is the disk full?");
  std::filesystem::rename(partial_path_, path_);
}

}  // namespace strata::cli
