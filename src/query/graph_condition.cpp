#include "query/graph_condition.hpp"

#include <set>

#include "filter/lexer.hpp"
#include "model/graph_name.hpp"
#include "model/record.hpp"
#include "strata/error.hpp"

namespace strata::query {
namespace {

/// Those that the expression names: a filter refuses others.
Parameters parameters_of(std::string_view expression, std::string_view subject, const Parameters& all,
                         std::set<std::string>& used) {
  Parameters out;
  filter::Lexer lexer(expression, subject);
  for (filter::Token token = lexer.next(); token.kind != filter::TokenKind::end; token = lexer.next()) {
    if (token.kind != filter::TokenKind::parameter) continue;
    if (const auto found = all.find(token.text); found != all.end()) {
      out.insert(*found);
      used.insert(token.text);
    }
  }
  return out;
}

filter::Filter parse(std::string_view expression, Time now, const Parameters& all, std::set<std::string>& used) {
  return filter::Filter::parse(expression, now, parameters_of(expression, "where", all, used));
}

bool is_name_of_edge(std::string_view name) { return name == "from" || name == "type" || name == "to"; }

}  // namespace

GraphCondition::GraphCondition(const Follow& follow, Time now) : asks_nodes_(!follow.node_where.empty()) {
  std::set<std::string> used;
  edges_ = parse(follow.where, now, follow.parameters, used);
  nodes_ = parse(follow.node_where, now, follow.parameters, used);
  for (const auto& [name, unused] : follow.parameters) {
    if (used.contains(name)) continue;
    throw Error(ErrorCode::invalid_argument,
                "where: there is no :" + name + " in the filters, but a value was given for it; leave it out");
  }
}

bool GraphCondition::matches(const model::EdgeView& edge) const {
  const Value object = edge_object(edge);
  return edges_.matches({{}, object.view(), edge.version, edge.created, edge.updated});
}

bool GraphCondition::matches(commit::Source& source, std::string_view node) const {
  const auto named = model::node_record(node);
  const auto record = named ? model::get_record(source, named->collection, named->key) : std::nullopt;
  return record && nodes_.matches(model::view_of(*record));
}

Value edge_object(const model::EdgeView& edge) {
  std::vector<std::pair<std::string, Value>> members{
      {"from", Value(edge.from)}, {"type", Value(edge.type)}, {"to", Value(edge.to)}};
  if (edge.value.type() == ValueType::object) {
    for (const auto& member : edge.value) {
      if (!is_name_of_edge(member.name)) members.emplace_back(std::string(member.name), Value(member.value));
    }
  } else {
    members.emplace_back("value", Value(edge.value));
  }
  return Value::object(members);
}

}  // namespace strata::query
