#include "filter/filter.hpp"

#include <set>
#include <utility>

namespace strata::filter {
namespace {

ConditionPointer updated(Comparison comparison, Time time) {
  Operand left;
  left.kind = Operand::Kind::path;
  left.path = Path(PathRoot::updated, {});
  Operand right;
  right.kind = Operand::Kind::time;
  right.time = time;
  return make_condition(Compare{std::move(left), comparison, false, std::move(right)});
}

}  // namespace

Filter::Filter() : condition_(make_condition(Constant{true})) {}

Filter Filter::parse(std::string_view text, Time now, const Parameters& parameters) {
  return Filter(parse_condition(text, now, parameters));
}

Filter Filter::updated_between(std::optional<Time> since, std::optional<Time> until) const {
  std::vector<ConditionPointer> parts{condition_};
  if (since) parts.push_back(updated(Comparison::greater_equal, *since));
  if (until) parts.push_back(updated(Comparison::less, *until));
  return Filter(make_all(std::move(parts)));
}

bool Filter::is_trivial() const {
  const auto* constant = std::get_if<Constant>(&condition_->form);
  return constant && constant->truth;
}

std::vector<std::string> Filter::paths() const {
  std::set<std::string> paths;
  for_each_path(*condition_, [&](const Path& path) { paths.insert(path.to_string()); });
  return {paths.begin(), paths.end()};
}

}  // namespace strata::filter
