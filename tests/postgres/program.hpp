// Other programs, with pipes to their standard input and output.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace strata::outside {

struct ProgramOptions {
  std::vector<std::string> arguments;  ///< The first is the program's path.
  std::string user;                    ///< Run as that user, in the root directory; only root can.
  std::string output_file;             ///< Where its output goes, errors too; empty: output to the pipe.
  int signal_at_end = 9;               ///< Sent when this process dies, or end() is called.
};

/// A child process. It is told to end when this goes away, or when its parent dies (the thread that started it, to be
/// exact).
class Program {
 public:
  explicit Program(const ProgramOptions& options);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void send(std::string_view line);
  /// The next line of its output, without the break. Throws when it has ended.
  std::string receive();
  /// So many bytes of its output.
  void receive(void* out, std::size_t size);
  /// Closes its input and waits; the exit code, or minus the signal's number.
  int wait();
  /// Sends the signal and waits.
  void end();

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using FilePointer = std::unique_ptr<std::FILE, CloseFile>;

  std::string name_;
  int signal_at_end_;
  int id_ = -1;
  FilePointer input_;
  FilePointer output_;
};

bool is_root();
/// A user without rights that exists here, `postgres` before `nobody`.
std::string unprivileged_user();
void give_to(const std::string& path, const std::string& user);

}  // namespace strata::outside
