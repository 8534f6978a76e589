// What transactions did and saw, as they wrote it down themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "strata/strata.hpp"

namespace strata::history {

/// What every record holds. The stamp is given out once, so that no two writes are alike.
struct Content {
  std::int64_t number = 0;
  std::string kind;
  std::vector<std::string> tags;
  std::uint64_t stamp = 0;
  friend bool operator==(const Content&, const Content&) = default;
};

/// A record as it was read; version 0 when the transaction itself had written it.
struct Seen {
  std::string key;
  Version version;
  Content content;
  friend bool operator==(const Seen&, const Seen&) = default;
};

/// A question that the store answers through its planner and indexes, and the checker by looking at everything.
struct Question {
  enum class Order { by_key, by_number, by_number_descending };
  std::string collection;
  std::optional<std::string> kind;
  std::optional<std::int64_t> number_from;   ///< number >= this
  std::optional<std::int64_t> number_below;  ///< number < this
  std::optional<std::string> tag;
  Order order = Order::by_key;
  std::size_t limit = 0;
};

struct Get {
  std::string collection;
  std::string key;
  std::optional<Seen> seen;
};
struct Scan {
  Question question;
  std::vector<Seen> seen;
};
struct Put {
  std::string collection;
  std::string key;
  Content content;
};
struct Erase {
  std::string collection;
  std::string key;
  bool existed = false;
};
using Step = std::variant<Get, Scan, Put, Erase>;

/// One transaction that was acknowledged, its steps in the order in which it took them.
struct Done {
  std::string session;     ///< Who ran it.
  Uuid id;                 ///< Nil when it was not told.
  bool committed = false;  ///< It has a position of its own; else it only read,
  Position position;       ///< from the state at this one.
  std::int64_t began = 0;  ///< On a clock that all processes share: any moments before it did anything,
  std::int64_t ended = 0;  ///< and after it was acknowledged.
  std::vector<Step> steps;
};

struct History {
  std::vector<Done> transactions;
  std::vector<LogEntry> log;
};

Value to_value(const Content& content);
Content to_content(ValueView value);
Query to_query(const Question& question);
Seen to_seen(const Record& record);

/// One line of JSON for each transaction, so that processes can hand them over.
std::string to_line(const Done& done);
Done from_line(std::string_view line);

}  // namespace strata::history
