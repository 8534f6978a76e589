// A Redis server with a stream in it, whose every addition is on disk when it is acknowledged.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace strata::bench {

class RedisServer {
 public:
  /// Starts one in the directory, reached by a socket there alone. Null when no redis-server is to be found:
  /// $STRATA_BENCH_REDIS, else one on $PATH.
  static std::unique_ptr<RedisServer> start(const std::string& directory);
  virtual ~RedisServer() = default;

  /// One client; used by one thread.
  class Client {
   public:
    virtual ~Client() = default;
    /// XADD to the one stream.
    virtual void add(std::string_view type, std::string_view data) = 0;
    /// So many, without waiting for each answer.
    virtual void add_many(std::string_view type, std::string_view data, std::uint64_t count) = 0;
    /// Reads the stream from its beginning, a thousand entries at a time; the bytes of the answers.
    virtual std::uint64_t read_all() = 0;
    /// To those who have subscribed, by await_message() on a client of their own.
    virtual void publish(std::string_view text) = 0;
    virtual void subscribe() = 0;
    virtual void await_message() = 0;
    /// The next entry of the stream after those that this client has awaited before.
    virtual void await_entry() = 0;
  };
  virtual std::unique_ptr<Client> client() = 0;
  /// Where other processes reach it.
  virtual std::string socket() = 0;
  static std::unique_ptr<Client> connect(const std::string& socket);
  virtual std::string version() = 0;
};

}  // namespace strata::bench
