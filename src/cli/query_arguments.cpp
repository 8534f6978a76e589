#include "cli/query_arguments.hpp"

#include "cli/arguments.hpp"
#include "cli/text.hpp"

namespace strata::cli {

void add_query_options(CLI::App& command, QueryArguments& arguments) {
  command
      .add_option(
          "--where", arguments.where,
          "= != < <= > >= and or not in between like contains exists is null; ago('7d') now() lower() length(); "
          "paths as a.b[0].c; created updated _key _version; parameters :name")
      ->type_name("FILTER");
  command.add_option("--param", arguments.parameters, "Value of a parameter of the filter; may be given again")
      ->type_name("NAME=JSON")
      ->allow_extra_args(false);
  command.add_option("--order", arguments.order, "Order by a field, with :desc from the highest; may be given again")
      ->type_name("FIELD[:desc]")
      ->allow_extra_args(false);
  command.add_option("--limit", arguments.limit, "At most so many records")->type_name("N");
  command.add_option("--since", arguments.since, "Updated at or after this time, or so long ago (7d)")
      ->type_name("TIME");
  command.add_option("--until", arguments.until, "Updated before this time, or so long ago")->type_name("TIME");
  command.add_option("--at", arguments.at, "The state as of a position or a time (needs history)")->type_name("P|TIME");
  command.add_option("--fields", arguments.fields, "Only these fields of each value")->type_name("F,...");
}

Query to_query(const QueryArguments& arguments) {
  Query query;
  query.where = arguments.where;
  query.parameters = parse_parameters(arguments.parameters);
  query.order = parse_order(arguments.order);
  query.limit = arguments.limit;
  query.fields = split_list(arguments.fields);
  if (!arguments.since.empty()) query.since = parse_time("--since", arguments.since);
  if (!arguments.until.empty()) query.until = parse_time("--until", arguments.until);
  if (!arguments.at.empty()) query.at = parse_as_of("--at", arguments.at);
  return query;
}

}  // namespace strata::cli
