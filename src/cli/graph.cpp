// link, unlink, neighbors, path, impact, and graph types|rule|degree|cycles|order|component.
#include "strata/graph.hpp"

#include <memory>

#include "cli/arguments.hpp"
#include "cli/command_tree.hpp"
#include "cli/help.hpp"
#include "cli/text.hpp"
#include "strata/error.hpp"

namespace strata::cli {
namespace {

constexpr const char* group = "Graph";

// ---- link, unlink

struct EdgeArguments {
  std::string from;
  std::string type;
  std::string to;
  std::string value;
  bool all = false;
};

void print(Session& session, const Row& row) {
  const auto rows = make_row_writer(session.display());
  rows->write(row);
  rows->finish();
}

int link(Session& session, const EdgeArguments& arguments) {
  const Value value = arguments.value.empty() ? Value() : parse_value(arguments.value, session.in());
  CommitResult commit;
  session.store(Session::Access::create)
      .transact([&](Transaction& t) { t.graph().link(arguments.from, arguments.type, arguments.to, value); },
                session.commit_options(), &commit);
  print(session, {{"from", Value(arguments.from)},
                  {"type", Value(arguments.type)},
                  {"to", Value(arguments.to)},
                  {"version", Value(commit.position.value)}});
  return exit_done;
}

int unlink_all(Session& session, const std::string& node) {
  const std::uint64_t count =
      session.store(Session::Access::change)
          .transact([&](Transaction& t) { return t.graph().unlink_all(node); }, session.commit_options());
  print(session, {{"node", Value(node)}, {"unlinked", Value(count)}});
  return exit_done;
}

int unlink(Session& session, const EdgeArguments& arguments) {
  if (arguments.all) {
    if (!arguments.type.empty()) throw UsageError("unlink: --all takes a node alone: strata unlink NODE --all");
    return unlink_all(session, arguments.from);
  }
  if (arguments.to.empty()) throw UsageError("unlink: say FROM TYPE TO, or NODE --all");
  const bool existed =
      session.store(Session::Access::change)
          .transact([&](Transaction& t) { return t.graph().unlink(arguments.from, arguments.type, arguments.to); },
                    session.commit_options());
  if (!existed) {
    throw Error(ErrorCode::not_found, "no edge " + arguments.type + " from " + arguments.from + " to " + arguments.to +
                                          "; `strata neighbors " + arguments.from + "` lists those there are");
  }
  print(session, {{"from", Value(arguments.from)},
                  {"type", Value(arguments.type)},
                  {"to", Value(arguments.to)},
                  {"unlinked", Value(true)}});
  return exit_done;
}

void add_link(CommandTree& tree) {
  CLI::App& command = tree.add({"link", "FROM TYPE TO [VALUE]",
                                "Make an edge of a type from one node to another, or give it a new value. A node is "
                                "COLLECTION/KEY, which means that record, or any other name",
                                "strata link notes/n1 cites notes/n2 '{\"weight\": 2}'", group},
                               {nullptr, true, true});
  auto arguments = std::make_shared<EdgeArguments>();
  command.add_option("FROM", arguments->from, "Where it leads from")->required()->type_name("");
  command.add_option("TYPE", arguments->type, "What kind of edge it is")->required()->type_name("");
  command.add_option("TO", arguments->to, "Where it leads to")->required()->type_name("");
  command.add_option("VALUE", arguments->value, "JSON, @FILE, or - for standard input; none: null")->type_name("");
  tree.on_run(command, [arguments](Session& session) { return link(session, *arguments); });
}

void add_unlink(CommandTree& tree) {
  CLI::App& command = tree.add({"unlink", "FROM TYPE TO | NODE --all", "Remove an edge, or all edges of a node",
                                "strata unlink notes/n1 cites notes/n2", group},
                               {nullptr, true, true});
  auto arguments = std::make_shared<EdgeArguments>();
  command.add_option("FROM", arguments->from, "Where it leads from")->required()->type_name("");
  command.add_option("TYPE", arguments->type, "What kind of edge it is")->type_name("");
  command.add_option("TO", arguments->to, "Where it leads to")->type_name("");
  command.add_flag("--all", arguments->all, "All edges from and to the node");
  tree.on_run(command, [arguments](Session& session) { return unlink(session, *arguments); });
}

// ---- what is followed

struct FollowArguments {
  std::string direction = "out";
  std::vector<std::string> types;
  std::string where;
  std::string node_where;
  std::vector<std::string> parameters;
};

void add_types(CLI::App& command, std::vector<std::string>& types) {
  command.add_option("--type", types, "Follow edges of this type alone; may be given again")
      ->type_name("TYPE")
      ->allow_extra_args(false);
}

void add_follow_options(CLI::App& command, FollowArguments& arguments) {
  command.add_option("--direction", arguments.direction, "Follow edges out of a node (default), into it, or both")
      ->check(one_of({"out", "in", "both"}))
      ->type_name("out|in|both");
  add_types(command, arguments.types);
  command
      .add_option("--where", arguments.where,
                  "Follow only edges whose value matches; `from`, `type` and `to` stand beside its members")
      ->type_name("FILTER");
  command.add_option("--node-where", arguments.node_where, "Enter only nodes whose record matches")
      ->type_name("FILTER");
  command.add_option("--param", arguments.parameters, "Value of a parameter of the filters; may be given again")
      ->type_name("NAME=JSON")
      ->allow_extra_args(false);
}

Follow to_follow(const FollowArguments& arguments) {
  Follow follow;
  follow.direction = arguments.direction == "in"     ? Direction::in
                     : arguments.direction == "both" ? Direction::both
                                                     : Direction::out;
  follow.types = arguments.types;
  follow.where = arguments.where;
  follow.node_where = arguments.node_where;
  follow.parameters = parse_parameters(arguments.parameters);
  return follow;
}

// ---- neighbors, impact

struct NeighborArguments {
  std::string node;
  FollowArguments follow;
  std::uint64_t hops = 1;
  std::uint64_t limit = 0;
};

/// Edge by edge: a neighbour to whom several edges lead is named with each.
int list_edges(Session& session, const NeighborArguments& arguments) {
  const auto rows = make_row_writer(session.display());
  std::uint64_t count = 0;
  for (const Edge& edge : session.store(Session::Access::read)
                              .graph()
                              .edges(arguments.node, to_follow(arguments.follow), arguments.limit)) {
    const bool out = edge.from == arguments.node;
    Row row{{"node", Value(out ? edge.to : edge.from)},
            {"hop", Value(1)},
            {"type", Value(edge.type)},
            {"previous", Value(arguments.node)}};
    if (arguments.follow.direction == "both") row.emplace_back("direction", Value(out ? "out" : "in"));
    row.emplace_back("value", edge.value);
    rows->write(row);
    ++count;
  }
  rows->finish(one_or_many(count, "edge"));
  return exit_done;
}

std::string footer_of(const TraversalResult& result) {
  std::string counts;
  std::uint64_t all = 0;
  for (const std::uint64_t count : result.hop_counts) {
    counts += (counts.empty() ? "" : " + ") + human_count(count);
    all += count;
  }
  std::string footer = one_or_many(all, "node");
  if (result.hop_counts.size() > 1) footer += " by hop: " + counts;
  if (!result.complete) footer += "; --limit left some out";
  return footer;
}

int traverse(Session& session, const NeighborArguments& arguments) {
  Traversal traversal;
  traversal.start = {arguments.node};
  traversal.follow = to_follow(arguments.follow);
  traversal.hops = arguments.hops;
  traversal.limit = arguments.limit;
  const TraversalResult result = session.store(Session::Access::read).graph().traverse(traversal);
  const auto rows = make_row_writer(session.display());
  for (const Reached& reached : result.nodes) {
    rows->write({{"node", Value(reached.node)},
                 {"hop", Value(reached.hop)},
                 {"type", Value(reached.type)},
                 {"previous", Value(reached.previous)}});
  }
  rows->finish(footer_of(result));
  return exit_done;
}

void add_neighbors(CommandTree& tree) {
  CLI::App& command =
      tree.add({"neighbors", "NODE",
                "What a node's edges lead to, or with --hops what is reached within so many. With one hop each edge "
                "is a line, with its value",
                "strata neighbors notes/n1 --direction both --hops 2 --type cites", group});
  auto arguments = std::make_shared<NeighborArguments>();
  command.add_option("NODE", arguments->node, "Where to start")->required()->type_name("");
  command.add_option("--hops", arguments->hops, "Edges from the start at most; 1 when not given, 0: no bound")
      ->type_name("N");
  command.add_option("--limit", arguments->limit, "At most so many lines")->type_name("N");
  add_follow_options(command, arguments->follow);
  tree.on_run(command, [arguments](Session& session) {
    return arguments->hops == 1 ? list_edges(session, *arguments) : traverse(session, *arguments);
  });
}

int impact(Session& session, const NeighborArguments& arguments) {
  Traversal traversal;
  traversal.start = {arguments.node};
  traversal.follow = {.direction = Direction::in, .types = arguments.follow.types};
  traversal.hops = arguments.hops;
  traversal.limit = arguments.limit;
  const TraversalResult result = session.store(Session::Access::read).graph().traverse(traversal);
  const auto rows = make_row_writer(session.display());
  for (const Reached& reached : result.nodes) rows->write({{"node", Value(reached.node)}, {"hop", Value(reached.hop)}});
  rows->finish(footer_of(result));
  return exit_done;
}

void add_impact(CommandTree& tree) {
  CLI::App& command = tree.add({"impact", "NODE",
                                "Everything that depends on a node: what leads to it, over any number of edges, "
                                "by hop",
                                "strata impact packages/libssl3 --type depends", group});
  auto arguments = std::make_shared<NeighborArguments>();
  arguments->hops = 0;
  command.add_option("NODE", arguments->node, "What would change")->required()->type_name("");
  command.add_option("--hops", arguments->hops, "Edges to it at most; else no bound")->type_name("N");
  command.add_option("--limit", arguments->limit, "At most so many lines")->type_name("N");
  add_types(command, arguments->follow.types);
  tree.on_run(command, [arguments](Session& session) { return impact(session, *arguments); });
}

// ---- path

struct PathArguments {
  std::string from;
  std::string to;
  FollowArguments follow;
  std::string weight;
  std::uint64_t hops = 0;
  std::uint64_t limit = 100;
  bool all = false;
};

Row path_row(const Path& path, Format format) {
  std::vector<Value> nodes, types;
  std::string shown;
  for (std::size_t at = 0; at < path.nodes.size(); ++at) {
    nodes.emplace_back(path.nodes[at]);
    if (at > 0) {
      types.emplace_back(path.types[at - 1]);
      shown += " -" + path.types[at - 1] + "-> ";
    }
    shown += path.nodes[at];
  }
  const auto edges = static_cast<std::uint64_t>(path.types.size());
  // A whole number is shown as one.
  const bool whole = path.cost == static_cast<double>(static_cast<std::int64_t>(path.cost));
  const Value cost = whole ? Value(static_cast<std::int64_t>(path.cost)) : Value(path.cost);
  if (format != Format::jsonl) return {{"cost", cost}, {"hops", Value(edges)}, {"path", Value(shown)}};
  return {{"cost", cost}, {"hops", Value(edges)}, {"nodes", Value::array(nodes)}, {"types", Value::array(types)}};
}

int path(Session& session, const PathArguments& arguments) {
  const Graph graph = session.store(Session::Access::read).graph();
  std::vector<Path> paths;
  if (arguments.all) {
    if (!arguments.weight.empty()) throw UsageError("path: --all tells the shortest first, without --weight");
    if (arguments.hops == 0) throw UsageError("path: --all needs --hops N, the edges of a path at most");
    paths = graph.paths(arguments.from, arguments.to, arguments.hops, arguments.limit, to_follow(arguments.follow));
  } else {
    PathOptions options;
    options.follow = to_follow(arguments.follow);
    options.weight = arguments.weight;
    options.hops = arguments.hops;
    if (auto found = graph.shortest_path(arguments.from, arguments.to, options)) paths.push_back(std::move(*found));
  }
  if (paths.empty()) {
    throw Error(ErrorCode::not_found, "no path leads from " + arguments.from + " to " + arguments.to +
                                          (arguments.hops == 0 ? "" : " within " + one_or_many(arguments.hops, "hop")) +
                                          "; try --direction both");
  }
  const Display display = session.display();
  const auto rows = make_row_writer(display);
  for (const Path& one : paths) rows->write(path_row(one, display.format));
  rows->finish(one_or_many(paths.size(), "path"));
  return exit_done;
}

void add_path(CommandTree& tree) {
  CLI::App& command =
      tree.add({"path", "FROM TO", "The shortest path between two nodes, the cheapest by a weight, or all of them",
                "strata path notes/n1 notes/n9 --weight cost", group});
  auto arguments = std::make_shared<PathArguments>();
  command.add_option("FROM", arguments->from, "Where it begins")->required()->type_name("");
  command.add_option("TO", arguments->to, "Where it ends")->required()->type_name("");
  command
      .add_option("--weight", arguments->weight,
                  "The cheapest by this number in the edges' values; an edge without it counts 1")
      ->type_name("FIELD");
  command.add_option("--hops", arguments->hops, "Edges of the path at most")->type_name("N");
  command.add_flag("--all", arguments->all, "All paths that visit no node twice, shortest first");
  command.add_option("--limit", arguments->limit, "With --all, at most so many; 100 when not given, 0: all")
      ->type_name("N");
  add_follow_options(command, arguments->follow);
  tree.on_run(command, [arguments](Session& session) { return path(session, *arguments); });
}

// ---- graph ...

int types(Session& session) {
  const std::vector<EdgeType> types = session.store(Session::Access::read).graph().types();
  const auto rows = make_row_writer(session.display());
  for (const EdgeType& type : types) {
    rows->write({{"type", Value(type.name)},
                 {"rule", Value(to_string(type.rule))},
                 {"edges", Value(type.edges), human_count(type.edges)}});
  }
  rows->finish(types.empty() ? "no edges: strata link FROM TYPE TO" : one_or_many(types.size(), "edge type"));
  return exit_done;
}

struct GraphArguments {
  std::string node;
  std::string type;
  std::string rule;
  std::vector<std::string> types;
  std::uint64_t limit = 100;
};

int set_rule(Session& session, const GraphArguments& arguments) {
  const EdgeRule rule = parse_edge_rule(arguments.rule).value_or(EdgeRule::dangling);
  session.store(Session::Access::create).graph().set_rule(arguments.type, rule);
  print(session, {{"type", Value(arguments.type)}, {"rule", Value(to_string(rule))}});
  return exit_done;
}

int degree(Session& session, const GraphArguments& arguments) {
  const Degree degree = session.store(Session::Access::read).graph().degree(arguments.node, arguments.types);
  print(session, {{"node", Value(arguments.node)}, {"out", Value(degree.out)}, {"in", Value(degree.in)}});
  return exit_done;
}

int cycles(Session& session, const GraphArguments& arguments) {
  const std::vector<Path> found = session.store(Session::Access::read).graph().cycles(arguments.limit, arguments.types);
  const Display display = session.display();
  const auto rows = make_row_writer(display);
  for (const Path& one : found) rows->write(path_row(one, display.format));
  rows->finish(found.empty() ? "no cycles" : one_or_many(found.size(), "cycle"));
  return exit_done;
}

int list_nodes(Session& session, const std::vector<std::string>& nodes) {
  const auto rows = make_row_writer(session.display());
  for (const std::string& node : nodes) rows->write({{"node", Value(node)}});
  rows->finish(one_or_many(nodes.size(), "node"));
  return exit_done;
}

void add_graph(CommandTree& tree) {
  CLI::App& command = tree.add({"graph", "[types|rule|degree|cycles|order|component ...]",
                                "The graph as a whole; alone: the types of its edges", "strata graph types", group});
  command.require_subcommand(0, 1);
  tree.on_run(command, types);
  auto arguments = std::make_shared<GraphArguments>();
  const auto add = [&](const CommandText& text, bool writes = false) -> CLI::App& {
    return tree.add(text, {&command, true, writes});
  };
  CLI::App& list = add({"types", "", "The types of edges, with their rules", "strata graph types", "Commands"});
  tree.on_run(list, types);
  CLI::App& rule = add({"rule", "TYPE dangling|restrict|cascade",
                        "Say what happens to edges of a type whose node is no record: nothing; the record cannot be "
                        "deleted while they are there; they go with it. With the latter two both records must be there "
                        "when an edge is made",
                        "strata graph rule cites restrict", "Commands"});
  rule.add_option("TYPE", arguments->type, "Of which edges")->required()->type_name("");
  rule.add_option("RULE", arguments->rule, "The rule")
      ->required()
      ->check(one_of({"dangling", "restrict", "cascade"}))
      ->type_name("dangling|restrict|cascade");
  tree.on_run(rule, [arguments](Session& session) { return set_rule(session, *arguments); });
  CLI::App& count = add({"degree", "NODE", "How many edges a node has", "strata graph degree notes/n1", "Commands"});
  count.add_option("NODE", arguments->node, "Which node")->required()->type_name("");
  add_types(count, arguments->types);
  tree.on_run(count, [arguments](Session& session) { return degree(session, *arguments); });
  CLI::App& circles = add({"cycles", "", "Where edges lead in a circle: the shortest of each knot",
                           "strata graph cycles --type depends", "Commands"});
  circles.add_option("--limit", arguments->limit, "At most so many; 100 when not given, 0: all")->type_name("N");
  add_types(circles, arguments->types);
  tree.on_run(circles, [arguments](Session& session) { return cycles(session, *arguments); });
  CLI::App& order = add({"order", "", "All nodes, each before those that its edges lead to",
                         "strata graph order --type depends", "Commands"});
  add_types(order, arguments->types);
  tree.on_run(order, [arguments](Session& session) {
    return list_nodes(session, session.store(Session::Access::read).graph().topological_order(arguments->types));
  });
  CLI::App& component = add({"component", "NODE", "All that is connected with a node, whichever way the edges lead",
                             "strata graph component notes/n1", "Commands"});
  component.add_option("NODE", arguments->node, "Which node")->required()->type_name("");
  add_types(component, arguments->types);
  tree.on_run(component, [arguments](Session& session) {
    return list_nodes(session,
                      session.store(Session::Access::read).graph().component(arguments->node, arguments->types));
  });
}

}  // namespace

void add_graph_commands(CommandTree& tree) {
  add_link(tree);
  add_unlink(tree);
  add_neighbors(tree);
  add_path(tree);
  add_impact(tree);
  add_graph(tree);
}

}  // namespace strata::cli
