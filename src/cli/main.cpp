#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "cli/command_tree.hpp"
#include "cli/system.hpp"

int main(int argc, char** argv) {
  using namespace strata::cli;
  ignore_broken_pipes();
  StandardOutput out(StandardStream::output);
  StandardOutput error(StandardStream::error);
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal_kind = std::getenv("TERM");
  const bool colour = (no_colour == nullptr || *no_colour == '\0') && terminal_kind != nullptr &&
                      std::string_view(terminal_kind) != "dumb";
  Session session(Terminal{std::cin, out, error, is_terminal(StandardStream::input),
                           is_terminal(StandardStream::output), is_terminal(StandardStream::error), terminal_width(),
                           colour});
  try {
    CommandTree tree(session);
    const int exit_code = tree.run(std::vector<std::string>(argv + 1, argv + argc));
    session.close_store();
    return exit_code;
  } catch (const OutputClosed&) {
    return exit_done;
  } catch (const strata::Error& failure) {
    error << "strata: " << failure.what() << '\n' << std::flush;
    return exit_failed;
  } catch (const std::exception& failure) {
    error << "strata: a defect in strata: " << failure.what() << '\n' << std::flush;
    return exit_failed;
  }
}
