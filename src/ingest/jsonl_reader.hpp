// JSON Lines: one object on each line. Blank lines are passed over.
#pragma once

#include "ingest/reader.hpp"

namespace strata::ingest {

class JsonlReader : public Reader {
 public:
  JsonlReader(LineSource& source, bool own_keys) : source_(source), own_keys_(own_keys) {}
  std::optional<Item> next() override;
  Format format() const override { return Format::jsonl; }

 private:
  LineSource& source_;
  bool own_keys_;
};

}  // namespace strata::ingest
