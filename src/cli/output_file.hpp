// A file that appears under its name only when it is whole.
#pragma once

#include <fstream>
#include <ostream>
#include <string>

namespace strata::cli {

/// Writes beside the final place, and moves there on commit(). Without it nothing remains.
class OutputFile {
 public:
  explicit OutputFile(std::string path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  std::ostream& stream() { return stream_; }
  /// `io` when anything could not be written.
  void commit();

 private:
  std::string path_;
  std::string partial_path_;
  std::ofstream stream_;
};

}  // namespace strata::cli
