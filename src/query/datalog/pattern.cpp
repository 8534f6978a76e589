#include "query/datalog/pattern.hpp"

#include <algorithm>

namespace strata::datalog {

void PatternBuilder::note(const PatternUse& use, const std::string& name) {
  if (use.kind != PatternUse::Kind::column) return;
  if (++pattern_.columns > arguments_max) {
    fail(atom_.place, "more than 60 members and arguments (arguments_max)", ErrorCode::limit_exceeded);
  }
  pattern_.column_names.push_back(name);
}

void PatternBuilder::add_plain(const Expression* argument, const std::string& name, const Use& use) {
  if (argument && (argument->kind == Expression::Kind::object || argument->kind == Expression::Kind::each)) {
    fail(argument->place, "a pattern stands for the value; here stands the " + name);
  }
  const PatternUse made = argument ? use(*argument, true) : PatternUse{};
  note(made, name);
  pattern_.plain.push_back(made);
}

void PatternBuilder::build(const Use& use) {
  const auto& parts = atom_.parts;
  const auto argument = [&](std::size_t place) { return place < parts.size() ? &parts[place] : nullptr; };
  switch (pattern_.set.kind) {
    case FactSet::Kind::collection:
      if (parts.empty() || parts.size() > 2) {
        fail(atom_.place,
             "`" + atom_.name + "` is a collection: write it with (Key), (Key, Value) or (Key, {member: X})");
      }
      add_plain(argument(0), "key", use);
      if (parts.size() > 1) add_body(parts[1], use);
      return;
    case FactSet::Kind::edges:
      if (parts.size() < 3 || parts.size() > 4)
        fail(atom_.place, "write edge(From, Type, To) or edge(From, Type, To, Value)");
      add_plain(argument(0), "from", use);
      add_plain(argument(1), "type", use);
      add_plain(argument(2), "to", use);
      if (parts.size() > 3) add_body(parts[3], use);
      return;
    case FactSet::Kind::events:
      if (parts.size() < 3 || parts.size() > 5) {
        fail(atom_.place,
             "write stream(Name, Version, Type), (Name, Version, Type, Data) or (Name, Version, Type, Data, Time)");
      }
      add_plain(argument(0), "stream", use);
      add_plain(argument(1), "version", use);
      add_plain(argument(2), "type", use);
      if (parts.size() > 3) add_body(parts[3], use);
      add_plain(argument(4), "time", use);
      return;
  }
}

void PatternBuilder::add_body(const Expression& argument, const Use& use) {
  if (argument.kind == Expression::Kind::object) return add_members(argument, 0, false, use);
  const PatternUse made = use(argument, false);
  if (made.kind == PatternUse::Kind::present) return;
  note(made, "value");
  pattern_.steps.push_back({0, {}, false, made, {}});
}

filter::Path PatternBuilder::path_of(const Expression& object, const std::string& name, std::size_t from) const {
  // Only records have properties of their own; within them a name is a member's.
  const bool properties = from == 0 && pattern_.set.kind == FactSet::Kind::collection;
  try {
    return filter::Path::parse(properties || name.starts_with('$') ? name : "$." + name);
  } catch (const Error& error) {
    fail(object.place, "member `" + name + "`: " + error.what());
  }
}

void PatternBuilder::add_members(const Expression& object, std::size_t from, bool matters, const Use& use) {
  for (std::size_t i = 0; i < object.parts.size(); ++i) {
    PatternStep step;
    step.from = from;
    step.path = path_of(object, object.names[i], from);
    const Expression* value = &object.parts[i];
    step.each = value->kind == Expression::Kind::each;
    if (step.each) value = &value->parts.front();
    std::vector<filter::PathStep> whole;
    if (from > 0) {
      const PatternStep& above = pattern_.steps[from - 1];
      whole = above.whole.steps();
    }
    whole.insert(whole.end(), step.path.steps().begin(), step.path.steps().end());
    if (step.each) whole.push_back({filter::PathStep::Kind::every, {}, 0});
    const bool several = matters || std::any_of(whole.begin(), whole.end(), [](const filter::PathStep& part) {
                           return part.kind == filter::PathStep::Kind::every;
                         });
    step.whole = filter::Path(step.path.root(), std::move(whole));
    const bool nested = value->kind == Expression::Kind::object;
    if (!nested) step.use = use(*value, several);
    note(step.use, object.names[i]);
    pattern_.steps.push_back(std::move(step));
    if (pattern_.steps.size() > arguments_max) {
      fail(object.place, "more than 60 members (arguments_max)", ErrorCode::limit_exceeded);
    }
    if (nested) add_members(*value, pattern_.steps.size(), several, use);
  }
}

std::string identity_of(const FactPattern& pattern) {
  std::string out = std::to_string(static_cast<int>(pattern.set.kind)) + pattern.set.name + '\0';
  const auto add = [&](const PatternUse& use) {
    out += std::to_string(static_cast<int>(use.kind)) + ' ' + std::to_string(use.value) + ' ' +
           std::to_string(use.column) + ';';
  };
  for (const PatternUse& use : pattern.plain) add(use);
  for (const PatternStep& step : pattern.steps) {
    out += '\0' + std::to_string(step.from) + (step.each ? '*' : ' ') + step.path.to_string(true) + '\0';
    add(step.use);
  }
  return out;
}

}  // namespace strata::datalog
