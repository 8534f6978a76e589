// A library that carries a copy of all of Strata of its own, as a plug-in would.
#include <string>

#include "strata/strata.hpp"

/// Puts a record through this copy. The error's code and message, or an empty text; valid until the next call.
extern "C" __attribute__((visibility("default"))) const char* put_through_second_copy(const char* url) {
  static std::string message;
  message.clear();
  try {
    strata::Store::open(url).collection("notes").put("second", 2);
  } catch (const strata::Error& error) {
    message = std::string(strata::to_string(error.code())) + ": " + error.what();
  }
  return message.c_str();
}
