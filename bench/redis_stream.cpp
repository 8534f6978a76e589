#include "bench/redis_stream.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "tests/postgres/program.hpp"

namespace strata::bench {
namespace {

namespace fs = std::filesystem;

std::string find_server() {
  if (const char* named = std::getenv("STRATA_BENCH_REDIS")) return named;
  const char* path = std::getenv("PATH");
  std::istringstream directories(path != nullptr ? path : "");
  for (std::string directory; std::getline(directories, directory, ':');) {
    const fs::path candidate = fs::path(directory) / "redis-server";
    if (fs::exists(candidate)) return candidate.string();
  }
  return {};
}

/// The Redis protocol (https://redis.io/docs/latest/develop/reference/protocol-spec/), as far as it is needed here.
class Connection : public RedisServer::Client {
 public:
  explicit Connection(const std::string& socket_path) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_path.size() >= sizeof address.sun_path) throw std::runtime_error("the socket's path is too long");
    std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
    if (socket_ < 0 || ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      if (socket_ >= 0) ::close(socket_);
      throw std::runtime_error("redis: no connection to " + socket_path);
    }
  }
  ~Connection() override { ::close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void add(std::string_view type, std::string_view data) override { call({"XADD", "s", "*", "t", type, "d", data}); }

  void add_many(std::string_view type, std::string_view data, std::uint64_t count) override {
    std::string requests;
    for (std::uint64_t i = 0; i < count; ++i) requests += encode({"XADD", "s", "*", "t", type, "d", data});
    send(requests);
    for (std::uint64_t i = 0; i < count; ++i) skip_reply();
  }

  std::uint64_t read_all() override {
    const std::uint64_t before = bytes_;
    std::string from = "-";
    for (;;) {
      last_id_.clear();
      call({"XRANGE", "s", from, "+", "COUNT", "1000"});
      if (last_id_.empty()) return bytes_ - before;
      from = "(" + last_id_;
    }
  }

  void publish(std::string_view text) override { call({"PUBLISH", "c", text}); }
  void subscribe() override { call({"SUBSCRIBE", "c"}); }
  void await_message() override { skip_reply(); }
  void await_entry() override {
    const std::string from = last_id_.empty() ? "0-0" : last_id_;
    call({"XREAD", "COUNT", "1", "BLOCK", "0", "STREAMS", "s", from});
  }

  std::string info_version() {
    call({"INFO", "server"});
    const std::size_t at = last_bulk_.find("redis_version:");
    return at == std::string::npos ? "?" : last_bulk_.substr(at + 14, last_bulk_.find('\r', at) - at - 14);
  }

 private:
  static std::string encode(std::initializer_list<std::string_view> words) {
    std::string request = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string_view word : words)
      request.append("$").append(std::to_string(word.size())).append("\r\n").append(word).append("\r\n");
    return request;
  }
  void call(std::initializer_list<std::string_view> words) {
    send(encode(words));
    skip_reply();
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw std::runtime_error("redis: the connection is lost");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void fill() {
    if (at_ > 0 && at_ == buffered_.size()) {
      buffered_.clear();
      at_ = 0;
    }
    std::array<char, 1 << 16> chunk;
    const ssize_t got = ::recv(socket_, chunk.data(), chunk.size(), 0);
    if (got <= 0) throw std::runtime_error("redis: the connection is lost");
    buffered_.append(chunk.data(), static_cast<std::size_t>(got));
    bytes_ += static_cast<std::uint64_t>(got);
  }
  std::string line() {
    for (std::size_t from = at_;;) {
      const std::size_t end = buffered_.find("\r\n", from);
      if (end != std::string::npos) {
        std::string out = buffered_.substr(at_, end - at_);
        at_ = end + 2;
        return out;
      }
      fill();
      from = at_;
    }
  }
  /// Remembers the ids of entries: the first words of the elements of XRANGE's array, and two levels deeper of XREAD's.
  void skip_reply(int depth = 0, bool first = false) {
    const std::string head = line();
    const long size = std::strtol(head.c_str() + 1, nullptr, 10);
    if (head[0] == '-') throw std::runtime_error("redis: " + head);
    if (head[0] == '$' && size >= 0) {
      while (buffered_.size() - at_ < static_cast<std::size_t>(size) + 2) fill();
      if (depth == 0) last_bulk_ = buffered_.substr(at_, static_cast<std::size_t>(size));
      if ((depth == 2 || depth == 4) && first) last_id_ = buffered_.substr(at_, static_cast<std::size_t>(size));
      at_ += static_cast<std::size_t>(size) + 2;
    }
    if (head[0] == '*') {
      for (long i = 0; i < size; ++i) skip_reply(depth + 1, i == 0);
    }
  }

  int socket_;
  std::string buffered_;
  std::size_t at_ = 0;
  std::uint64_t bytes_ = 0;
  std::string last_bulk_;
  std::string last_id_;
};

class Server : public RedisServer {
 public:
  Server(const std::string& program, const std::string& directory)
      : socket_(directory + "/redis.sock"),
        program_({.arguments = {program, "--port", "0", "--unixsocket", socket_, "--dir", directory, "--save", "",
                                "--appendonly", "yes", "--appendfsync", "always", "--daemonize", "no"},
                  .user = {},
                  .output_file = directory + "/redis.log"}) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!fs::exists(socket_)) {
      if (std::chrono::steady_clock::now() > until) throw std::runtime_error(program + " does not start");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  std::unique_ptr<Client> client() override { return std::make_unique<Connection>(socket_); }
  std::string socket() override { return socket_; }
  std::string version() override { return Connection(socket_).info_version(); }

 private:
  std::string socket_;
  outside::Program program_;
};

}  // namespace

std::unique_ptr<RedisServer::Client> RedisServer::connect(const std::string& socket) {
  return std::make_unique<Connection>(socket);
}

std::unique_ptr<RedisServer> RedisServer::start(const std::string& directory) {
  const std::string program = find_server();
  if (program.empty()) return nullptr;
  fs::create_directories(directory);
  return std::make_unique<Server>(program, directory);
}

}  // namespace strata::bench
