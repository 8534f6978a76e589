// What the program with failing calls does, step by step, so that the test can say what the state must be.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "strata/strata.hpp"

namespace strata::faults {

inline constexpr std::uint32_t commits = 14;  ///< Steps 1 to 14 are transactions.
inline constexpr std::uint32_t step_open = 20, step_index = 21, step_history = 22, step_compact = 23, step_close = 24,
                               step_reopen = 25, step_read = 26, step_close_again = 27;

inline std::string key_of(char kind, std::uint32_t number) { return kind + std::to_string(number); }

/// One transaction over two collections: puts, overwrites, erases.
inline void write_step(Transaction& transaction, std::uint32_t number) {
  Collection notes = transaction.collection("notes"), audit = transaction.collection("audit");
  notes.put(key_of('k', number),
            Value::object({{"n", number}, {"kind", number % 3}, {"text", std::string(number * 100, 'x')}}));
  notes.put("last", Value::object({{"n", number}}));
  notes.erase(key_of('e', number - 1));
  notes.put(key_of('e', number), number, {.if_version = {}, .time_to_live = std::chrono::hours(1)});
  audit.put("sum", audit.get("sum") ? audit.get("sum")->value.as_int() + number : number);
}

/// The same on a model: collection and key -> the number in the record.
inline void model_step(std::map<std::string, std::uint64_t>& model, std::uint32_t number) {
  model["notes/" + key_of('k', number)] = number;
  model["notes/last"] = number;
  model.erase("notes/" + key_of('e', number - 1));
  model["notes/" + key_of('e', number)] = number;
  model["audit/sum"] += number;
}

}  // namespace strata::faults
