// Starts the server that the tests share before they run, and stops it after them: a fixture of ctest.
//   keeper start FILE   says in FILE where the server is; it ends at the latest with the process that called
//   keeper stop FILE
//   keeper run PROGRAM   with the URL of a new store on the shared server as its argument
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>

#include "tests/postgres/postgres_server.hpp"
#include "tests/postgres/program.hpp"
#include "tests/postgres/server_guard.hpp"
#include "tests/postgres/shared_server.hpp"

namespace strata::outside {
namespace {

int start(const std::string& file) {
  PostgresServer server({.watched = ::getppid()});
  std::ofstream address(file, std::ios::trunc);
  address << server.directory() << ' ' << server.port() << '\n';
  if (!address.flush()) throw std::runtime_error("cannot write " + file);
  server.leave();
  std::cout << server.version() << " in " << server.directory() << std::endl;
  return 0;
}

int stop(const std::string& file) {
  std::string directory;
  std::ifstream(file) >> directory;
  const int server = directory.empty() ? 0 : server_process(directory);
  if (server == 0) throw std::runtime_error("the server of " + file + " has ended by itself");
  ::kill(server, SIGQUIT);
  while (server_process(directory) != 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  std::filesystem::remove_all(directory);
  std::filesystem::remove(file);
  return 0;
}

int run(const std::string& program) {
  const PostgresStore store;
  Program running({.arguments = {program, store.url()}, .user = {}, .output_file = "/dev/stdout"});
  return running.wait();
}

}  // namespace
}  // namespace strata::outside

int main(int count, char** words) {
  using namespace strata::outside;
  const std::string verb = count == 3 ? words[1] : "";
  try {
    if (verb == "start") return start(words[2]);
    if (verb == "stop") return stop(words[2]);
    if (verb == "run") return run(words[2]);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  std::cerr << "usage: keeper start|stop FILE | run PROGRAM\n";
  return 2;
}
