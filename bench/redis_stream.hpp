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
  };
  virtual std::unique_ptr<Client> client() = 0;
  virtual std::string version() = 0;
};

}  // namespace strata::bench
