#include "bench/rival_program.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "bench/process.hpp"

namespace strata::bench {
namespace {

struct GraphRival {
  std::string name;    ///< Of its program, and of the folder that holds its module.
  std::string module;  ///< A file of it.
  std::string shown;
};

const std::array<GraphRival, 2> graph_rivals{
    {{"kuzu", "kuzujs.node", "kuzu"}, {"cozo", "cozo_lib_wasm_bg.wasm", "cozo, WebAssembly"}}};

/// The next line of the program; nothing when it has no more, and why unless that is as it should be.
std::optional<std::string> next_line(Program& program, std::string& failure) {
  try {
    std::string text = program.receive();
    if (text != "end") return text;
  } catch (const std::exception& error) {
    failure = error.what();
  }
  return std::nullopt;
}

}  // namespace

RivalLine line_of(const std::string& who, const std::string& text) {
  const Value told = Value::from_json(text);
  RivalLine out;
  out.line = {.work = std::string(told["work"].as_string()),
              .who = who,
              .run = std::nullopt,
              .figure = std::string(told["figure"].string_or("")),
              .ratios = {},
              .note = std::string(told["note"].string_or(""))};
  if (told["times_us"]) {
    Run run;
    for (const auto& [unused, time] : told["times_us"])
      run.times.add(std::chrono::nanoseconds(static_cast<std::int64_t>(time.as_double() * 1'000)));
    run.operations = told["operations"] ? told["operations"].as_uint() : told["times_us"].size();
    run.seconds = told["seconds"].as_double();
    out.line.run = std::move(run);
  }
  if (told["recall"]) out.line.note = "recall " + decimal(told["recall"].as_double(), 3);
  if (told["found"]) out.found = told["found"].as_uint();
  out.without_itself = told["without_itself"].bool_or(false);
  return out;
}

void run_graph_rivals(Setting& setting, const std::string& name, const Value& task,
                      const std::function<void(const RivalLine&)>& tell) {
  namespace fs = std::filesystem;
  for (const GraphRival& rival : graph_rivals) {
    const auto say = [&](const std::string& figure) {
      setting.report.add(
          {.work = "all of it", .who = rival.shown, .run = std::nullopt, .figure = figure, .ratios = {}, .note = {}});
    };
    const std::string module = STRATA_BENCH_RIVALS "/" + rival.name;
    if (!fs::exists(module + "/" + rival.module)) {
      say("not here: tools/setup --rivals");
      continue;
    }
    const std::string place = setting.place(name + "-" + rival.name);
    fs::create_directories(place);
    std::ofstream(place + "/task.json") << task.to_json();
    Program program(
        {.arguments = {"/usr/bin/env", "node", STRATA_BENCH_SOURCE "/" + rival.name + "_rival.mjs", module, place},
         .user = {},
         .output_file = {}});
    std::string failure;
    while (const auto text = next_line(program, failure)) tell(line_of(rival.shown, *text));
    if (!failure.empty()) say("ended early: " + failure);
  }
}

}  // namespace strata::bench
