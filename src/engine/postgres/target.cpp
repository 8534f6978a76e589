#include "engine/postgres/target.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>

#include "engine/engine_parameters.hpp"
#include "strata/error.hpp"

namespace strata::engine::postgres {
namespace {

constexpr std::size_t schema_bytes_max = 63;  // PostgreSQL cuts longer identifiers

using Keywords = std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)>;

std::string value_of(const std::vector<std::pair<std::string, std::string>>& keywords, std::string_view name) {
  for (const auto& [keyword, value] : keywords) {
    if (keyword == name) return value;
  }
  return {};
}

/// The keywords of libpq that a URL may hold. `options` and `replication` would change what a session is.
const std::set<std::string, std::less<>>& known_keywords() {
  static const std::set<std::string, std::less<>> known = [] {
    std::set<std::string, std::less<>> names;
    const Keywords defaults(PQconndefaults(), PQconninfoFree);
    for (const PQconninfoOption* one = defaults.get(); one != nullptr && one->keyword != nullptr; ++one) {
      names.insert(one->keyword);
    }
    names.erase("options");
    names.erase("replication");
    names.erase("client_encoding");
    return names;
  }();
  return known;
}

/// What libpq reads in the part before `?`.
std::vector<std::pair<std::string, std::string>> parse_location(const std::string& location) {
  if (!location.starts_with("//")) {
    throw Error(ErrorCode::invalid_argument,
                "a store on PostgreSQL is written postgres://user@host/database?store=NAME");
  }
  char* problem = nullptr;
  const Keywords parsed(PQconninfoParse(("postgresql:" + location).c_str(), &problem), PQconninfoFree);
  const std::unique_ptr<char, void (*)(void*)> owned(problem, PQfreemem);
  if (!parsed) {
    // What libpq says repeats the URL, and with it a password.
    throw Error(ErrorCode::invalid_argument,
                "the postgres: URL cannot be read; write postgres://user:password@host:port/database?store=NAME, with "
                "%XX for characters that mean something else there");
  }
  std::vector<std::pair<std::string, std::string>> keywords;
  for (const PQconninfoOption* one = parsed.get(); one->keyword != nullptr; ++one) {
    if (one->val != nullptr && *one->val != '\0') keywords.emplace_back(one->keyword, one->val);
  }
  return keywords;
}

std::string schema_of(const std::string& name) {
  const auto fits = [](unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  const bool good = !name.empty() && name.size() <= schema_bytes_max && std::all_of(name.begin(), name.end(), fits) &&
                    (name[0] < '0' || name[0] > '9') && !name.starts_with("pg_");
  if (good) return name;
  throw Error(
      ErrorCode::invalid_argument,
      "parameter store: `" + name + "` names no store; use up to 63 of a-z, 0-9 and _, a letter first, not pg_");
}

std::string place_of(const Target& target) {
  const auto or_default = [&](std::string_view name, const char* otherwise) {
    const std::string given = value_of(target.keywords, name);
    return given.empty() ? std::string(otherwise) : given;
  };
  return "PostgreSQL store " + target.schema + " at " + or_default("host", "the local server") + ":" +
         or_default("port", "5432") + "/" + or_default("dbname", "(the user's database)");
}

}  // namespace

Target parse_target(const OpenRequest& request) {
  Target target;
  target.keywords = parse_location(request.location);
  std::map<std::string, std::string> own = request.parameters;
  for (const auto& [name, value] : request.parameters) {
    if (!known_keywords().contains(name)) continue;
    std::erase_if(target.keywords, [&keyword = name](const auto& one) { return one.first == keyword; });
    target.keywords.emplace_back(name, value);
    own.erase(name);
  }
  EngineParameters parameters("postgres:", own);
  target.schema = schema_of(parameters.text("store", "strata"));
  target.snapshots_max = parameters.number("snapshots", 16, {.least = 1, .most = 1000});
  target.fence = std::chrono::milliseconds(parameters.number("fence_ms", 2000, {.least = 100, .most = 600'000}));
  target.patience = std::chrono::milliseconds(parameters.number("patience_ms", 5000, {.least = 1, .most = 600'000}));
  target.has_turns = false;
  parameters.refuse_unknown();
  target.read_only = request.read_only;
  target.create = request.create && !request.read_only;
  target.place = place_of(target);
  return target;
}

}  // namespace strata::engine::postgres
