// What the command asks of the operating system beyond what the library does: its terminal, its signals, the disk's
// floor.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <ostream>
#include <streambuf>
#include <string>
#include <vector>

namespace strata::cli {

enum class StandardStream { input = 0, output = 1, error = 2 };

bool is_terminal(StandardStream stream);
/// Columns of the terminal on standard output (or error); 0 when there is none.
std::size_t terminal_width();

/// Whoever reads our output has gone, as `head` does: nothing is left to do, and nothing has failed.
struct OutputClosed {};

/// A standard stream whose failed writes are exceptions: OutputClosed, or strata::Error `io`.
class StandardOutput : public std::ostream {
 public:
  explicit StandardOutput(StandardStream stream);
  ~StandardOutput() override;
  StandardOutput(const StandardOutput&) = delete;
  StandardOutput& operator=(const StandardOutput&) = delete;

 private:
  class Buffer : public std::streambuf {
   public:
    explicit Buffer(int descriptor);

   protected:
    int_type overflow(int_type character) override;
    int sync() override;

   private:
    int descriptor_;
    std::array<char, 65536> bytes_;
  };
  Buffer buffer_;
};

/// A write to a reader that has gone gives an error instead of ending the process.
void ignore_broken_pipes();

/// While it lives, the first Ctrl-C asks for an end at the next safe point, and the second ends the process at once.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  bool requested() const;

 private:
  struct Before;
  std::unique_ptr<Before> before_;  ///< What Ctrl-C did outside, so that guards nest.
};

/// The C library knows characters as the person's environment says; line editing asks it.
void use_locale_of_environment();

/// How long `count` overwrites of 4 KiB, each made durable by fdatasync, take on the file system of `directory`.
std::vector<std::chrono::nanoseconds> time_syncs(const std::string& directory, std::size_t count);

}  // namespace strata::cli
