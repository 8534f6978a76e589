// The facts of a store at the state of a source: records, edges, events. A transaction's own writes are among them,
// except the events that it appends.
#pragma once

#include <optional>

#include "commit/source.hpp"
#include "model/graph_rows.hpp"
#include "query/datalog/facts.hpp"

namespace strata::datalog {

class StoredFacts : public Facts {
 public:
  explicit StoredFacts(commit::Source& source) : source_(source) {}

  bool has_collection(std::string_view name) override;
  std::uint64_t rows(const FactSet& set) override;
  bool narrows(const FactSet& set, const FactColumn& column) override;
  void read(const FactSet& set, std::span<const GivenColumn> given,
            const std::function<void(const Fact&)>& visit) override;
  Time now() override { return source_.now(); }

 private:
  void read_records(const std::string& collection, std::span<const GivenColumn> given,
                    const std::function<void(const Fact&)>& visit);
  void read_edges(const FactSet& set, std::span<const GivenColumn> given,
                  const std::function<void(const Fact&)>& visit);
  void read_events(std::span<const GivenColumn> given, const std::function<void(const Fact&)>& visit);

  commit::Source& source_;
  std::optional<model::EdgeRows> edges_;  ///< Once they were asked for.
};

}  // namespace strata::datalog
