#include "query/datalog/fact_table.hpp"

#include <cmath>

namespace strata::datalog {
namespace {

/// A look-up costs as much as so many facts of a scan: more where a fact is but a key, and nothing is decoded.
std::uint64_t look_up_cost(const FactSet& set) { return set.kind == FactSet::Kind::edges && !set.bodies ? 8 : 4; }

}  // namespace

FactTable::FactTable(FactPattern pattern, Facts& facts, ValuePool& pool, Limits& limits)
    : pattern_(std::move(pattern)),
      facts_(facts),
      pool_(pool),
      limits_(limits),
      rows_(pattern_.columns, limits),
      facts_all_(facts.rows(pattern_.set)),
      row_(pattern_.columns, no_value),
      met_(pattern_.steps.size() + 1) {
  pattern_.set.bodies = !pattern_.steps.empty();
  for (std::size_t column = 0; column < pattern_.columns; ++column) {
    const auto source = column_at(column);
    if (source && facts_.narrows(pattern_.set, *source)) narrowing_ |= Columns{1} << column;
  }
  for (std::size_t i = 0; i < pattern_.plain.size(); ++i) {
    if (pattern_.plain[i].kind != PatternUse::Kind::fixed) continue;
    const bool key = pattern_.set.kind == FactSet::Kind::collection;
    share_ *= key ? 1.0 / static_cast<double>(facts_all_ + 1) : 0.1;
    possible_ = possible_ && add_given({i, nullptr}, pattern_.plain[i].value);
  }
  for (const PatternStep& step : pattern_.steps) {
    if (step.use.kind != PatternUse::Kind::fixed) continue;
    share_ *= 0.1;
    if (step.whole.in_body()) possible_ = possible_ && add_given({0, &step.whole}, step.use.value);
  }
  given_always_ = given_.size();
}

std::optional<FactColumn> FactTable::column_at(std::size_t column) const {
  for (std::size_t i = 0; i < pattern_.plain.size(); ++i) {
    const PatternUse& use = pattern_.plain[i];
    if (use.kind == PatternUse::Kind::column && use.column == column) return FactColumn{i, nullptr};
  }
  for (const PatternStep& step : pattern_.steps) {
    const PatternUse& use = step.use;
    if (use.kind == PatternUse::Kind::column && use.column == column) {
      return step.whole.in_body() ? std::optional(FactColumn{0, &step.whole}) : std::nullopt;
    }
  }
  return std::nullopt;
}

/// False when no fact can have that value there.
bool FactTable::add_given(const FactColumn& column, ValueId value) {
  const bool text = pool_.is_text(value);
  if (!column.path) {
    if (pattern_.set.kind == FactSet::Kind::events && column.plain == 1) {
      const auto number = pool_.integer(value);
      if (!number || *number < 0) return false;
      given_.push_back({column, static_cast<std::uint64_t>(*number), {}});
      return true;
    }
    if (text) given_.push_back({column, pool_.text(value), {}});
    return text;
  }
  // A filter says nothing of null and composites; the rows are compared anyhow.
  if (text || pool_.is_number(value) || pool_.type(value) == ValueType::boolean) {
    if (!column.path->steps().empty()) given_.push_back({column, {}, pool_.value(value)});
  }
  return true;
}

void FactTable::fetch() {
  facts_.read(pattern_.set, given_, [&](const Fact& fact) {
    limits_.tick();
    take(fact);
  });
}

bool FactTable::use_plain(const PatternUse& use, const PlainValue& value) {
  if (use.kind == PatternUse::Kind::present) return true;
  const auto* const text = std::get_if<std::string_view>(&value);
  if (!text) {
    const ValueId id = pool_.put_integer(static_cast<std::int64_t>(std::get<std::uint64_t>(value)));
    if (use.kind == PatternUse::Kind::fixed) return id == use.value;
    row_[use.column] = id;
    return true;
  }
  const auto is_it = [&](ValueId id) { return id != no_value && pool_.is_text(id) && pool_.text(id) == *text; };
  if (use.kind == PatternUse::Kind::fixed) return is_it(use.value);
  // Facts come in their order: often this one has what the one before it had.
  if (ValueId& id = row_[use.column]; !is_it(id)) id = pool_.put_text(*text);
  return true;
}

bool FactTable::use(const PatternUse& use, ValueView value) {
  if (use.kind == PatternUse::Kind::present) return true;
  const ValueId id = pool_.put(value);
  if (use.kind == PatternUse::Kind::fixed) return id == use.value;
  row_[use.column] = id;
  return true;
}

void FactTable::take(const Fact& fact) {
  for (std::size_t i = 0; i < pattern_.plain.size(); ++i) {
    if (!use_plain(pattern_.plain[i], fact.plain[i])) return;
  }
  met_[0] = fact.body;
  match(0, fact);
}

void FactTable::match(std::size_t step, const Fact& fact) {
  if (step == pattern_.steps.size()) {
    rows_.insert(row_.data());
    return;
  }
  const PatternStep& pattern = pattern_.steps[step];
  if (!pattern.path.in_body()) {
    if (!fact.record) return;
    const filter::RecordView& record = *fact.record;
    Value value;
    switch (pattern.path.root()) {
      case filter::PathRoot::key:
        value = Value(record.key);
        break;
      case filter::PathRoot::version:
        value = Value(record.version.value);
        break;
      case filter::PathRoot::created:
        value = Value(record.created.to_string());
        break;
      case filter::PathRoot::updated:
        value = Value(record.updated.to_string());
        break;
      case filter::PathRoot::expires:
        if (!record.expires) return;
        value = Value(record.expires->to_string());
        break;
      case filter::PathRoot::body:
        return;
    }
    return match_value(step, fact, value);
  }
  pattern.path.any(met_[pattern.from], [&](ValueView value) {
    if (!pattern.each) {
      match_value(step, fact, value);
    } else if (value.type() == ValueType::array) {
      for (const auto& member : value) match_value(step, fact, member.value);
    }
    return false;
  });
}

void FactTable::match_value(std::size_t step, const Fact& fact, ValueView value) {
  limits_.tick();
  if (!use(pattern_.steps[step].use, value)) return;
  met_[step + 1] = value;
  match(step + 1, fact);
}

Columns FactTable::narrowing(Columns columns) {
  if (complete_) return 0;
  const Columns useful = columns & narrowing_;
  // A key leads to one record: nothing else is asked for beside it.
  for (std::size_t column = 0; column < pattern_.columns; ++column) {
    if (!((useful >> column) & 1U)) continue;
    const auto source = column_at(column);
    if (source && !source->path && pattern_.set.kind == FactSet::Kind::collection) return Columns{1} << column;
  }
  return useful;
}

void FactTable::need(Columns columns, const ValueId* key) {
  if (complete_) return;
  const Columns useful = narrowing(columns);
  if (useful == 0) return need_all();
  asked_key_.clear();
  std::size_t place = 0;
  for (std::size_t column = 0; column < pattern_.columns; ++column) {
    if (!((columns >> column) & 1U)) continue;
    const ValueId value = key[place++];
    if ((useful >> column) & 1U) asked_key_.push_back(value);
  }
  const auto asked = asked_.try_emplace(useful, asked_key_.size(), limits_).first;
  if (!asked->second.insert(asked_key_.data())) return;
  bool possible = possible_;
  given_.resize(given_always_);
  place = 0;
  for (std::size_t column = 0; column < pattern_.columns && possible; ++column) {
    if ((useful >> column) & 1U) possible = add_given(*column_at(column), asked_key_[place++]);
  }
  if (!possible) return;
  if (given_.size() == given_always_ || ++look_ups_ * look_up_cost(pattern_.set) > facts_all_ + 64) return need_all();
  fetch();
}

void FactTable::need_all() {
  if (complete_) return;
  given_.resize(given_always_);
  if (possible_) fetch();
  complete_ = true;
  asked_.clear();
}

double FactTable::estimate(Columns columns) {
  const double rows =
      complete_ ? static_cast<double>(rows_.size()) : std::max(1.0, share_ * static_cast<double>(facts_all_));
  if (columns == 0) return rows;
  if (const std::size_t keys = rows_.keys(columns); complete_ && keys > 0) return rows / static_cast<double>(keys);
  double estimate = rows;
  for (std::size_t column = 0; column < pattern_.columns; ++column) {
    if (!((columns >> column) & 1U)) continue;
    const auto source = column_at(column);
    const bool key = source && !source->path && pattern_.set.kind == FactSet::Kind::collection;
    estimate = key ? 1 : std::sqrt(estimate);
  }
  return estimate;
}

std::string FactTable::describe(Columns columns) {
  std::string name;
  switch (pattern_.set.kind) {
    case FactSet::Kind::collection:
      name = pattern_.set.name;
      break;
    case FactSet::Kind::edges:
      name = "edge";
      break;
    case FactSet::Kind::events:
      name = "stream";
      break;
  }
  const bool narrowed = (columns & narrowing_) != 0;
  std::string out = name + (columns == 0 ? " all" : narrowed ? " looked up by " : " by ");
  bool first = true;
  for (std::size_t column = 0; column < pattern_.columns; ++column) {
    if (!((columns >> column) & 1U)) continue;
    out += (first ? "" : ",") + pattern_.column_names[column];
    first = false;
  }
  return out;
}

}  // namespace strata::datalog
