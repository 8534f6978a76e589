// Stands between PostgreSQL clients and their server, and makes the network fail.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace strata::outside {

/// Listens on a free port of 127.0.0.1. Made by and for one process, which may fork: children reach it by its port.
class Proxy {
 public:
  enum class Direction { to_server, to_client };
  /// What befalls a COMMIT on its way.
  enum class Trap {
    lose_commit,  ///< The connection is cut before the server hears of it.
    lose_answer,  ///< The server commits; its answer does not arrive, and the connection is cut.
  };

  explicit Proxy(int server_port);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  int port() const { return port_; }
  /// Cuts all connections.
  void cut();
  /// From now on new connections are closed at once, or no more.
  void refuse(bool refusing);
  /// Nothing passes that way until it is released.
  void hold(Direction direction, bool holding);
  /// Springs on the next `times` COMMITs.
  void set_trap(Trap trap, int times);
  /// From now on these bytes of the server's reach clients as those, which are as many.
  void rewrite(const std::string& from, const std::string& to);
  /// How often traps have sprung.
  int sprung() const;
  /// How many connections there are.
  std::size_t connections() const;

 private:
  struct Pair;

  void accept_all();
  void forward(const std::shared_ptr<Pair>& pair, Direction direction);
  bool pass(Pair& pair, Direction direction, std::string bytes);
  void rewrite_in(std::string& bytes);
  bool take_trap(Trap& trap);
  void await_release(const Pair& pair, Direction direction);

  int server_port_;
  int port_ = 0;
  int listener_ = -1;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool refusing_ = false;
  bool ending_ = false;
  std::array<bool, 2> holding_{};
  Trap trap_ = Trap::lose_commit;
  int traps_left_ = 0;
  int sprung_ = 0;
  std::string rewrite_from_;
  std::string rewrite_to_;
  std::vector<std::shared_ptr<Pair>> pairs_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace strata::outside
