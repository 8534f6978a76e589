// The options that choose records, shared by find and export.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "strata/collection.hpp"

namespace strata::cli {

struct QueryArguments {
  std::string where;
  std::vector<std::string> parameters;
  std::vector<std::string> order;
  std::uint64_t limit = 0;
  std::string since;
  std::string until;
  std::string at;
  std::string fields;
};

/// `arguments` must outlive the parsing.
void add_query_options(CLI::App& command, QueryArguments& arguments);
Query to_query(const QueryArguments& arguments);

}  // namespace strata::cli
