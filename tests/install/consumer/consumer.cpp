// consumer URL...: writes a record into a store at each URL and reads it back.
#include <iostream>
#include <strata/strata.hpp>

int main(int argc, char** argv) {
  try {
    for (int i = 1; i < argc; ++i) {
      strata::Store store = strata::Store::open(argv[i]);
      store.collection("notes").put("first", strata::Value::object({{"kind", "note"}, {"score", 7}}));
      const auto record = store.collection("notes").get("first");
      if (!record || record->value["score"].to_json() != "7") return 1;
      store.close();
      std::cout << argv[i] << " answers\n";
    }
  } catch (const strata::Error& error) {
    std::cerr << "consumer: " << error.what() << "\n";
    return 1;
  }
  return argc > 1 ? 0 : 2;
}
