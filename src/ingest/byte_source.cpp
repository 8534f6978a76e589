#include "ingest/byte_source.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "ingest/decoder.hpp"
#include "strata/error.hpp"

namespace strata::ingest {
namespace {

constexpr std::size_t input_bytes = std::size_t{128} << 10;

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};
using FileHandle = std::unique_ptr<std::FILE, CloseFile>;

FileHandle open_file(const std::string& path) {
  if (path == "-") return FileHandle(stdin);
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) {
    throw Error(ErrorCode::invalid_argument, "cannot read " + path + ": it is a directory, name a file in it");
  }
  FileHandle file(std::fopen(path.c_str(), "rb"));
  if (!file) {
    const int reason = errno;
    throw Error(reason == ENOENT ? ErrorCode::not_found : ErrorCode::io,
                "cannot open " + path + ": " + std::generic_category().message(reason));
  }
  return file;
}

class FileBytes : public ByteSource {
 public:
  explicit FileBytes(const std::string& path)
      : name_(path == "-" ? "standard input" : path), file_(open_file(path)), input_(input_bytes, '\0') {
    std::error_code unknown;
    if (path != "-" && std::filesystem::is_regular_file(path, unknown)) {
      const std::uintmax_t size = std::filesystem::file_size(path, unknown);
      if (!unknown) stored_bytes_ = size;
    }
    require_input(magic_bytes);
    begin_archive();
  }

  std::size_t read(char* out, std::size_t size) override {
    if (size == 0) return 0;
    return archived_ ? read_archive(out, size) : read_plain(out, size);
  }
  const std::string& name() const override { return name_; }
  std::uint64_t stored_bytes_read() const override { return stored_bytes_read_; }
  std::uint64_t stored_bytes() const override { return stored_bytes_; }

 private:
  bytes_view pending() const { return bytes_view(input_).substr(begin_, end_ - begin_); }

  /// Reads until `count` bytes are pending, or the file ends.
  void require_input(std::size_t count) {
    if (begin_ > 0) {
      std::memmove(input_.data(), input_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    while (end_ < count && !file_ended_) {
      const std::size_t got = std::fread(input_.data() + end_, 1, input_.size() - end_, file_.get());
      if (got == 0) {
        if (std::ferror(file_.get())) {
          throw Error(ErrorCode::io, "cannot read " + name_ + ": " + std::generic_category().message(errno));
        }
        file_ended_ = true;
      }
      end_ += got;
      stored_bytes_read_ += got;
    }
  }

  void begin_archive() {
    try {
      decoder_ = decoder_for(pending());
    } catch (const Error& error) {
      throw Error(error.code(), name_ + " " + error.what());
    }
    if (decoder_) archived_ = true;
  }

  std::size_t read_plain(char* out, std::size_t size) {
    if (begin_ == end_) require_input(1);
    const std::size_t count = std::min(size, end_ - begin_);
    std::memcpy(out, input_.data() + begin_, count);
    begin_ += count;
    return count;
  }

  std::size_t read_archive(char* out, std::size_t size) {
    while (true) {
      if (!decoder_ && !next_archive()) return 0;
      if (begin_ == end_) require_input(1);
      const Decoder::Step step = decode(out, size);
      begin_ += step.consumed;
      const std::string format(decoder_->name());
      if (step.ended) decoder_.reset();
      if (step.produced > 0) return step.produced;
      if (!step.ended && step.consumed == 0) {
        throw Error(ErrorCode::invalid_argument, name_ + ": the " + format + " archive is cut short: it ends after " +
                                                     std::to_string(stored_bytes_read_) +
                                                     " bytes, before its end mark; get a whole copy of it");
      }
    }
  }

  Decoder::Step decode(char* out, std::size_t size) {
    try {
      return decoder_->decode(pending(), out, size);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::invalid_argument) throw;
      throw Error(error.code(), name_ + ": " + error.what() + " within the first " +
                                    std::to_string(stored_bytes_read_) + " bytes; get a whole copy of it");
    }
  }

  /// Another archive may follow the one that ended. Zero bytes are padding, as tapes leave it.
  bool next_archive() {
    while (true) {
      require_input(magic_bytes);
      while (begin_ < end_ && input_[begin_] == '\0') ++begin_;
      if (begin_ == end_ && file_ended_) return false;
      if (end_ - begin_ >= magic_bytes || file_ended_) break;
    }
    begin_archive();
    if (!decoder_) {
      throw Error(ErrorCode::invalid_argument,
                  name_ + ": something that is no archive follows the archive; unpack it by hand and look at its end");
    }
    return true;
  }

  std::string name_;
  FileHandle file_;
  std::string input_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool file_ended_ = false;
  bool archived_ = false;
  std::uint64_t stored_bytes_read_ = 0;
  std::uint64_t stored_bytes_ = 0;
  std::unique_ptr<Decoder> decoder_;
};

}  // namespace

std::unique_ptr<ByteSource> open_bytes(const std::string& path) { return std::make_unique<FileBytes>(path); }

}  // namespace strata::ingest
