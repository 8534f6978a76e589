#include "tests/postgres/proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "tests/postgres/frontend_messages.hpp"

namespace strata::outside {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::system_category(), what); }

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int make_socket() {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0) fail("socket");
  return made;
}

bool send_all(int to, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(to, bytes, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

}  // namespace

/// One client and its connection to the server.
struct Proxy::Pair {
  Pair(int client_end, int server_end) : client(client_end), server(server_end) {}
  ~Pair() {
    ::close(client);
    ::close(server);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  void cut() {
    is_cut = true;
    ::shutdown(client, SHUT_RDWR);
    ::shutdown(server, SHUT_RDWR);
  }

  const int client;
  const int server;
  std::atomic<bool> is_cut{false};
  std::atomic<bool> losing_answer{false};
  FrontendMessages questions;  ///< Of the thread that forwards to the server.
  std::string answers;         ///< The end of what the server said, of the thread that forwards to the client.
};

Proxy::Proxy(int server_port) : server_port_(server_port), listener_(make_socket()) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  constexpr int backlog = 64;
  if (::bind(listener_, raw, size) != 0 || ::listen(listener_, backlog) != 0) fail("listen");
  if (::getsockname(listener_, raw, &size) != 0) fail("getsockname");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

Proxy::~Proxy() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    holding_ = {};
  }
  changed_.notify_all();
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  cut();
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
}

void Proxy::cut() {
  const std::lock_guard lock(mutex_);
  for (const auto& pair : pairs_) pair->cut();
  changed_.notify_all();
}

void Proxy::refuse(bool refusing) {
  const std::lock_guard lock(mutex_);
  refusing_ = refusing;
}

void Proxy::hold(Direction direction, bool holding) {
  const std::lock_guard lock(mutex_);
  holding_[static_cast<std::size_t>(direction)] = holding;
  changed_.notify_all();
}

void Proxy::set_trap(Trap trap, int times) {
  const std::lock_guard lock(mutex_);
  trap_ = trap;
  traps_left_ = times;
}

void Proxy::rewrite(const std::string& from, const std::string& to) {
  if (from.size() != to.size()) throw std::invalid_argument("a proxy rewrites bytes to as many others");
  const std::lock_guard lock(mutex_);
  rewrite_from_ = from;
  rewrite_to_ = to;
}

void Proxy::rewrite_in(std::string& bytes) {
  const std::lock_guard lock(mutex_);
  if (rewrite_from_.empty()) return;
  for (std::size_t at = bytes.find(rewrite_from_); at != std::string::npos; at = bytes.find(rewrite_from_, at + 1))
    bytes.replace(at, rewrite_from_.size(), rewrite_to_);
}

int Proxy::sprung() const {
  const std::lock_guard lock(mutex_);
  return sprung_;
}

std::size_t Proxy::connections() const {
  const std::lock_guard lock(mutex_);
  return pairs_.size();
}

void Proxy::accept_all() {
  for (;;) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (ending_ || (client < 0 && errno != EINTR && errno != ECONNABORTED)) {
      if (client >= 0) ::close(client);
      return;
    }
    if (client < 0) continue;
    const int server = make_socket();
    const sockaddr_in address = loopback(server_port_);
    auto pair = std::make_shared<Pair>(client, server);
    if (refusing_ || ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) continue;
    const int at_once = 1;
    for (const int end : {client, server}) ::setsockopt(end, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    pairs_.push_back(pair);
    threads_.emplace_back([this, pair] { forward(pair, Direction::to_server); });
    threads_.emplace_back([this, pair] { forward(pair, Direction::to_client); });
  }
}

void Proxy::forward(const std::shared_ptr<Pair>& pair, Direction direction) {
  const int from = direction == Direction::to_server ? pair->client : pair->server;
  std::array<char, 16'384> buffer{};
  for (;;) {
    const ssize_t count = ::recv(from, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    await_release(*pair, direction);
    if (pair->is_cut || !pass(*pair, direction, std::string(buffer.data(), static_cast<std::size_t>(count)))) break;
  }
  pair->cut();
  const std::lock_guard lock(mutex_);
  std::erase(pairs_, pair);
}

/// False when the connection is to be cut.
bool Proxy::pass(Pair& pair, Direction direction, std::string bytes) {
  if (direction == Direction::to_server) {
    Trap trap{};
    if (pair.questions.runs_commit(bytes) && take_trap(trap)) {
      if (trap == Trap::lose_commit) return false;
      pair.losing_answer = true;
    }
    return send_all(pair.server, bytes.data(), bytes.size());
  }
  rewrite_in(bytes);
  if (!pair.losing_answer) return send_all(pair.client, bytes.data(), bytes.size());
  constexpr std::string_view done("COMMIT", sizeof "COMMIT");  // a command's tag, with its zero
  pair.answers += bytes;
  if (pair.answers.find(done) != std::string::npos) return false;
  pair.answers.erase(0, pair.answers.size() - std::min(pair.answers.size(), done.size()));
  return true;
}

bool Proxy::take_trap(Trap& trap) {
  const std::lock_guard lock(mutex_);
  if (traps_left_ == 0) return false;
  --traps_left_;
  ++sprung_;
  trap = trap_;
  return true;
}

void Proxy::await_release(const Pair& pair, Direction direction) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return pair.is_cut || !holding_[static_cast<std::size_t>(direction)]; });
}

}  // namespace strata::outside
