#include "cli/change_list.hpp"

#include <algorithm>

#include "cli/event_line.hpp"
#include "cli/text.hpp"
#include "strata/error.hpp"
#include "strata/options.hpp"

namespace strata::cli {
namespace {

[[noreturn]] void refuse(const std::string& place, const std::string& reason,
                         ErrorCode code = ErrorCode::invalid_argument) {
  throw Error(code, place + ": " + reason);
}

void require_members(const Value& line, const std::string& place, const std::vector<std::string>& known) {
  for (const ValueView::Member& member : line.view()) {
    if (std::find(known.begin(), known.end(), member.name) != known.end()) continue;
    const auto near = nearest(member.name, known);
    refuse(place, "unknown member \"" + std::string(member.name) +
                      "\": " + (near ? "did you mean \"" + *near + "\"?" : "it takes " + join(known, ", ")));
  }
}

std::string required_string(const Value& line, const std::string& place, std::string_view name) {
  const ValueView value = line[name];
  if (value.type() != ValueType::string) refuse(place, "no \"" + std::string(name) + "\" (a string)");
  return std::string(value.as_string());
}

std::optional<Version> version_of(const Value& line, const std::string& place) {
  const ValueView value = line["if_version"];
  if (value.is_missing()) return std::nullopt;
  if (value.type() != ValueType::integer || compare(value, Value(0)) < 0) {
    refuse(place, "\"if_version\" is no version: a whole number, 0 for a record that must be absent");
  }
  return Version{value.as_uint()};
}

Change parse_put(const Value& line, const std::string& place) {
  require_members(line, place, {"op", "collection", "key", "value", "if_version", "ttl"});
  Change change;
  change.place = place;
  change.collection = required_string(line, place, "collection");
  if (!line["key"].is_missing()) change.key = required_string(line, place, "key");
  if (line["value"].is_missing()) refuse(place, "no \"value\"");
  change.value = Value(line["value"]);
  change.if_version = version_of(line, place);
  if (!line["ttl"].is_missing()) {
    change.time_to_live = parse_duration(required_string(line, place, "ttl"));
    if (!change.time_to_live) refuse(place, "\"ttl\" is no length of time: write \"12h\" or \"7d\"");
  }
  return change;
}

Change parse_delete(const Value& line, const std::string& place) {
  require_members(line, place, {"op", "collection", "key", "if_version"});
  Change change;
  change.kind = Change::Kind::erase;
  change.place = place;
  change.collection = required_string(line, place, "collection");
  change.key = required_string(line, place, "key");
  change.if_version = version_of(line, place);
  return change;
}

Expected expected_of(const Value& line, const std::string& place) {
  const ValueView value = line["expect"];
  if (value.is_missing()) return Expected::any();
  const std::string text = value.type() == ValueType::string ? std::string(value.as_string()) : value.to_json();
  if (const auto expected = parse_expected(text)) return *expected;
  refuse(place, R"("expect" is neither a version nor "none" nor "exists")");
}

Change parse_append(const Value& line, const std::string& place) {
  require_members(line, place,
                  {"op", "stream", "type", "payload", "expect", "metadata", "id", "correlation", "causation"});
  Change change;
  change.kind = Change::Kind::append;
  change.place = place;
  change.stream = required_string(line, place, "stream");
  change.event = parse_event(line, place, "payload");
  change.expected = expected_of(line, place);
  return change;
}

std::chrono::microseconds span_of(const Value& line, const std::string& place, std::string_view name) {
  const auto span = parse_duration(required_string(line, place, name));
  if (!span) refuse(place, "\"" + std::string(name) + "\" is no length of time: write \"5m\" or \"12h\"");
  return *span;
}

Change parse_enqueue(const Value& line, const std::string& place) {
  require_members(line, place, {"op", "queue", "payload", "priority", "delay", "at", "dedup", "order_key", "every"});
  Change change;
  change.kind = Change::Kind::enqueue;
  change.place = place;
  change.queue = required_string(line, place, "queue");
  if (line["payload"].is_missing()) refuse(place, "no \"payload\"");
  change.value = Value(line["payload"]);
  EnqueueOptions& options = change.enqueue;
  if (!line["priority"].is_missing()) {
    if (line["priority"].type() != ValueType::integer) refuse(place, "\"priority\" is no whole number");
    options.priority = line["priority"].as_int();
  }
  if (!line["delay"].is_missing()) options.delay = span_of(line, place, "delay");
  if (!line["every"].is_missing()) options.repeat = span_of(line, place, "every");
  if (!line["at"].is_missing()) {
    options.at = Time::parse(required_string(line, place, "at"));
    if (!options.at) refuse(place, "\"at\" is no time: write \"2030-01-01T09:00:00Z\"");
  }
  if (!line["dedup"].is_missing()) options.deduplicate = required_string(line, place, "dedup");
  if (!line["order_key"].is_missing()) options.order_key = required_string(line, place, "order_key");
  return change;
}

Change parse_link(const Value& line, const std::string& place, Change::Kind kind) {
  std::vector<std::string> members = {"op", "from", "type", "to", "if_version"};
  if (kind == Change::Kind::link) members.insert(members.begin() + 4, "value");
  require_members(line, place, members);
  Change change;
  change.kind = kind;
  change.place = place;
  change.from = required_string(line, place, "from");
  change.type = required_string(line, place, "type");
  change.to = required_string(line, place, "to");
  change.value = Value(line["value"]);  // missing: null
  change.if_version = version_of(line, place);
  return change;
}

void make_change(Transaction& transaction, const Change& change, ChangesMade& made) {
  if (change.kind == Change::Kind::append) {
    const AppendResult result = transaction.stream(change.stream).append(change.event, change.expected);
    ++(result.repeated ? made.repeated : made.appends);
    return;
  }
  if (change.kind == Change::Kind::enqueue) {
    made.added.push_back(transaction.queue(change.queue).put(change.value, change.enqueue));
    ++made.enqueued;
    return;
  }
  if (change.kind == Change::Kind::link) {
    transaction.graph().link(change.from, change.type, change.to, change.value, {change.if_version});
    ++made.linked;
    return;
  }
  if (change.kind == Change::Kind::unlink) {
    const bool existed = transaction.graph().unlink(change.from, change.type, change.to, {change.if_version});
    ++(existed ? made.unlinked : made.absent);
    return;
  }
  Collection collection = transaction.collection(change.collection);
  if (change.kind == Change::Kind::erase) {
    const bool erased = collection.erase(*change.key, {change.if_version});
    ++(erased ? made.deletes : made.absent);
    return;
  }
  const PutOptions options{change.if_version, change.time_to_live};
  if (change.key) {
    collection.put(*change.key, change.value, options);
  } else {
    made.added.push_back(collection.add(change.value, options));
  }
  ++made.puts;
}

}  // namespace

std::optional<Change> parse_change(std::string_view line, const std::string& place) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return std::nullopt;
  Value parsed;
  try {
    parsed = Value::from_json(line);
  } catch (const Error& error) {
    refuse(place, error.what());
  }
  if (parsed.type() != ValueType::object)
    refuse(place, R"(not an object such as {"op":"put","collection":C,"key":K,"value":V})");
  const std::string operation = required_string(parsed, place, "op");
  if (operation == "put") return parse_put(parsed, place);
  if (operation == "delete") return parse_delete(parsed, place);
  if (operation == "append") return parse_append(parsed, place);
  if (operation == "enqueue") return parse_enqueue(parsed, place);
  if (operation == "link") return parse_link(parsed, place, Change::Kind::link);
  if (operation == "unlink") return parse_link(parsed, place, Change::Kind::unlink);
  const std::vector<std::string> known = {"put", "delete", "append", "enqueue", "link", "unlink"};
  const auto near = nearest(operation, known);
  refuse(place, "unknown op \"" + operation + "\": " +
                    (near ? "did you mean " + *near + "?" : "it takes put, delete, append, enqueue, link and unlink"));
}

std::vector<Change> read_changes(const std::string& file, const std::function<bool(std::string_view&)>& next) {
  std::vector<Change> changes;
  std::size_t bytes = 0;
  std::uint64_t number = 0;
  std::string_view line;
  while (next(line)) {
    const std::string place = file + ":" + std::to_string(++number);
    auto change = parse_change(line, place);
    if (!change) continue;
    bytes += change->value.encoded().size() + change->event.data.encoded().size();
    if (changes.size() == transaction_changes_max) {
      refuse(place,
             "more than transaction_changes_max (" + human_count(transaction_changes_max) +
                 ") changes for one transaction: split the file, or use import",
             ErrorCode::limit_exceeded);
    }
    if (bytes > transaction_bytes_max) {
      refuse(place,
             "more than transaction_bytes_max (" + human_bytes(transaction_bytes_max) +
                 ") for one transaction: split the file, or use import",
             ErrorCode::limit_exceeded);
    }
    changes.push_back(std::move(*change));
  }
  return changes;
}

ChangesMade make_changes(Transaction& transaction, const std::vector<Change>& changes) {
  ChangesMade made;
  for (const Change& change : changes) {
    try {
      make_change(transaction, change, made);
    } catch (const Error& error) {
      throw Error(error.code(), change.place + ": " + error.what());
    }
  }
  return made;
}

}  // namespace strata::cli
