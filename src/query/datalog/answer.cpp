#include "query/datalog/answer.hpp"

#include <algorithm>
#include <numeric>

#include "platform/clock.hpp"
#include "query/datalog/compilation.hpp"
#include "query/datalog/demand.hpp"
#include "query/datalog/evaluation.hpp"
#include "query/datalog/parser.hpp"

namespace strata::datalog {
namespace {

/// Numbers of the rows, in the order asked for, then in that of their values.
std::vector<std::uint32_t> sorted(const Relation& rows, const Compiled& compiled, ValuePool& pool, Limits& limits) {
  limits.charge(rows.size() * sizeof(std::uint32_t));
  std::vector<std::uint32_t> numbers(rows.size());
  std::iota(numbers.begin(), numbers.end(), 0U);
  std::sort(numbers.begin(), numbers.end(), [&](std::uint32_t a, std::uint32_t b) {
    limits.tick();
    const ValueId* const left = rows.row(a);
    const ValueId* const right = rows.row(b);
    for (const auto& [column, descending] : compiled.order) {
      const auto order = pool.compare(left[column], right[column]);
      if (order != 0) return descending ? order > 0 : order < 0;
    }
    for (std::size_t column = 0; column < rows.arity(); ++column) {
      const auto order = pool.compare(left[column], right[column]);
      if (order != 0) return order < 0;
    }
    return false;
  });
  return numbers;
}

void fill_rows(DatalogResult& result, const Relation& rows, const std::vector<std::uint32_t>& numbers, ValuePool& pool,
               Limits& limits) {
  result.rows.reserve(numbers.size());
  for (const std::uint32_t number : numbers) {
    limits.tick();
    std::vector<Value> row;
    row.reserve(rows.arity());
    for (std::size_t column = 0; column < rows.arity(); ++column) {
      const ValueId id = rows.row(number)[column];
      limits.charge(pool.bytes(id));
      row.push_back(pool.value(id));
    }
    result.rows.push_back(std::move(row));
  }
}

}  // namespace

DatalogResult answer(Facts& facts, std::string_view text, const DatalogOptions& options) {
  const auto begin = platform::steady_now();
  Limits limits(options.time_max, options.memory_max);
  ValuePool pool(limits);
  const Program source = parse(text, options.parameters);
  Compiled compiled = compile(source, facts, pool, limits);
  const Demanded demanded = with_demand(compiled.program);
  Evaluation evaluation(demanded.program, demanded.strata, pool, limits, facts.now());
  evaluation.run();
  DatalogResult result;
  result.columns = compiled.columns;
  auto numbers = sorted(evaluation.answer(), compiled, pool, limits);
  numbers.erase(numbers.begin(),
                numbers.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(source.offset, numbers.size())));
  std::uint64_t limit = options.limit;
  if (source.limit) limit = limit == 0 ? *source.limit : std::min<std::uint64_t>(limit, *source.limit);
  if ((limit > 0 || source.limit) && numbers.size() > limit) {
    numbers.resize(limit);
    result.complete = false;
  }
  fill_rows(result, evaluation.answer(), numbers, pool, limits);
  result.steps = evaluation.take_steps();
  result.time = platform::steady_now() - begin;
  return result;
}

}  // namespace strata::datalog
