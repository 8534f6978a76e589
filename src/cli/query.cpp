// query: a Datalog program, as an argument, from a file or from standard input.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include "cli/arguments.hpp"
#include "cli/command_tree.hpp"
#include "cli/help.hpp"
#include "cli/text.hpp"

namespace strata::cli {
namespace {

struct DatalogArguments {
  std::string program;
  std::string file;
  std::vector<std::string> parameters;
  std::uint64_t limit = 0;
  std::string timeout = "30s";
  std::string memory = "256MiB";
  bool explain = false;
};

std::string read_all(std::istream& in) { return {std::istreambuf_iterator<char>(in), {}}; }

std::string program_of(const DatalogArguments& arguments, Session& session) {
  if (arguments.program.empty() == arguments.file.empty()) {
    throw UsageError("query: give the program itself, or --file F, or - for standard input");
  }
  if (arguments.program == "-" || arguments.file == "-") return read_all(session.in());
  if (arguments.file.empty()) return arguments.program;
  std::ifstream file(arguments.file, std::ios::binary);
  if (!file) throw Error(ErrorCode::not_found, "--file " + arguments.file + " cannot be read");
  return read_all(file);
}

/// `64MiB`, `1GB`, `500000`.
std::uint64_t parse_bytes(const std::string& text) {
  static const std::map<std::string, std::uint64_t, std::less<>> units{
      {"", 1},           {"B", 1},        {"K", 1U << 10}, {"KiB", 1U << 10}, {"KB", 1000},      {"M", 1U << 20},
      {"MiB", 1U << 20}, {"MB", 1000000}, {"G", 1U << 30}, {"GiB", 1U << 30}, {"GB", 1000000000}};
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto unit = units.find(std::string_view(text).substr(digits));
  if (digits == 0 || digits > 9 || unit == units.end()) {
    throw UsageError("--memory: " + single_line(text) + " is no size: write 256MiB or 1GiB");
  }
  return std::stoull(text.substr(0, digits)) * unit->second;
}

DatalogOptions to_options(const DatalogArguments& arguments) {
  DatalogOptions options;
  options.parameters = parse_parameters(arguments.parameters);
  options.limit = arguments.limit;
  options.time_max = std::chrono::ceil<std::chrono::milliseconds>(parse_span("--timeout", arguments.timeout));
  options.memory_max = parse_bytes(arguments.memory);
  return options;
}

void print_steps(Session& session, const DatalogResult& result) {
  const auto rows = make_row_writer(session.display());
  for (const DatalogStep& step : result.steps) {
    rows->write({{"stratum", Value(step.stratum)},
                 {"rule", Value(step.rule)},
                 {"access", Value(step.access)},
                 {"rounds", Value(step.rounds), human_count(step.rounds)},
                 {"derived", Value(step.derived), human_count(step.derived)},
                 {"rows", Value(step.rows), human_count(step.rows)},
                 {"nanoseconds", Value(step.time.count()), human_duration(step.time)}});
  }
  rows->finish(one_or_many(result.rows.size(), "row") + " at position " + std::to_string(result.position.value) +
               " in " + human_duration(result.time));
}

int query(Session& session, const DatalogArguments& arguments) {
  const std::string program = program_of(arguments, session);
  const DatalogOptions options = to_options(arguments);
  const DatalogResult result = session.store(Session::Access::read).query(program, options);
  if (arguments.explain) {
    print_steps(session, result);
    return exit_done;
  }
  const auto rows = make_row_writer(session.display());
  for (const auto& values : result.rows) {
    Row row;
    // A question without variables is answered by yes, a row, or no, none.
    if (values.empty()) row.emplace_back("holds", Value(true));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const bool text = values[i].type() == ValueType::string;
      row.emplace_back(result.columns[i], values[i], text ? std::string(values[i].as_string()) : values[i].to_json());
    }
    rows->write(row);
  }
  rows->finish(one_or_many(result.rows.size(), "row") + (result.complete ? "" : ", and there are more"));
  return exit_done;
}

}  // namespace

void add_query_command(CommandTree& tree) {
  CLI::App& command = tree.add(
      {"query", "PROGRAM", "Answer a Datalog program: rules, and a question over collections, edges and streams",
       "strata query \"?- packages(K, {section: 'net', size: S}), S > 1000 order by S desc\"", "Search"});
  auto arguments = std::make_shared<DatalogArguments>();
  command.add_option("PROGRAM", arguments->program, "The program; - reads it from standard input")->type_name("");
  command.add_option("--file", arguments->file, "Read the program from this file")->type_name("F");
  command.add_option("--param", arguments->parameters, "Value of a parameter; may be given again")
      ->type_name("NAME=JSON")
      ->allow_extra_args(false);
  command.add_option("--limit", arguments->limit, "At most so many rows")->type_name("N");
  command.add_option("--timeout", arguments->timeout, "Stop after this long; 0s: never (30s)")->type_name("SPAN");
  command.add_option("--memory", arguments->memory, "Stop when what is derived takes more; 0: never (256MiB)")
      ->type_name("SIZE");
  command.add_flag("--explain", arguments->explain,
                   "Run it, and print what was done for each rule instead of the rows");
  tree.on_run(command, [arguments](Session& session) { return query(session, *arguments); });
}

}  // namespace strata::cli
