#include "filter/parser.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "filter/evaluation.hpp"
#include "filter/lexer.hpp"
#include "strata/error.hpp"

namespace strata::filter {
namespace {

struct PlacedOperand {
  Operand operand;
  std::size_t place = 0;

  StaticType type() const { return operand.type(); }
};

Operand constant(Value value) {
  Operand operand;
  operand.kind = Operand::Kind::value;
  operand.value = std::move(value);
  return operand;
}

Operand constant(Time time) {
  Operand operand;
  operand.kind = Operand::Kind::time;
  operand.time = time;
  return operand;
}

std::optional<Comparison> comparison_of(std::string_view symbol) {
  static constexpr std::array<Comparison, 5> all{Comparison::equal, Comparison::less, Comparison::less_equal,
                                                 Comparison::greater, Comparison::greater_equal};
  for (const Comparison comparison : all) {
    if (symbol == to_string(comparison)) return comparison;
  }
  return std::nullopt;
}

class Parser {
 public:
  Parser(std::string_view text, Time now, const Parameters& parameters)
      : lexer_(text, "where"), now_(now), parameters_(parameters) {
    token_ = lexer_.next();
  }

  ConditionPointer parse() {
    ConditionPointer condition = make_condition(Constant{true});
    if (token_.kind != TokenKind::end) condition = alternatives();
    if (token_.kind != TokenKind::end) {
      lexer_.fail(token_.begin, "expected 'and', 'or' or the end, found " + lexer_.spelled(token_));
    }
    for (const auto& [name, value] : parameters_) {
      if (!used_.contains(name)) {
        throw Error(ErrorCode::invalid_argument,
                    "where: parameter '" + name + "' was given, but the expression has no :" + name);
      }
    }
    return condition;
  }

 private:
  // ---- tokens

  Token take() { return std::exchange(token_, lexer_.next()); }

  bool is_symbol(std::string_view symbol) const { return token_.kind == TokenKind::symbol && token_.symbol == symbol; }

  bool is_keyword(std::string_view word) const { return token_.kind == TokenKind::path && is_word(token_.word, word); }

  bool take_keyword(std::string_view word) {
    if (!is_keyword(word)) return false;
    take();
    return true;
  }

  void expect_symbol(std::string_view symbol, std::string_view where) {
    if (!is_symbol(symbol)) {
      fail_here("expected '" + std::string(symbol) + "' " + std::string(where) + ", found " + lexer_.spelled(token_));
    }
    take();
  }

  [[noreturn]] void fail_here(const std::string& reason) const { lexer_.fail(token_.begin, reason); }

  /// Counts one level for as long as it lives.
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) {
      if (parser_.depth_ == expression_depth_max) {
        parser_.lexer_.fail(parser_.token_.begin,
                            "nested deeper than expression_depth_max, " + std::to_string(expression_depth_max),
                            ErrorCode::limit_exceeded);
      }
      ++parser_.depth_;
    }
    ~Level() { --parser_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser& parser_;
  };

  // ---- conditions

  ConditionPointer alternatives() {
    std::vector<ConditionPointer> parts{conjunction()};
    while (take_keyword("or")) parts.push_back(conjunction());
    return parts.size() == 1 ? parts.front() : make_any(std::move(parts));
  }

  ConditionPointer conjunction() {
    std::vector<ConditionPointer> parts{inversion()};
    while (take_keyword("and")) parts.push_back(inversion());
    return parts.size() == 1 ? parts.front() : make_all(std::move(parts));
  }

  ConditionPointer inversion() {
    const Level level(*this);
    if (take_keyword("not")) return make_not(inversion());
    if (is_symbol("(")) {
      take();
      ConditionPointer inside = alternatives();
      expect_symbol(")", "to close the parenthesis");
      return inside;
    }
    if (is_keyword("exists") && token_.called) {
      take();
      take();
      PlacedOperand field = operand(Side::left);
      expect_symbol(")", "after the field");
      return presence(std::move(field), true, false);
    }
    return predicate();
  }

  ConditionPointer predicate() {
    PlacedOperand left = operand(Side::left);
    if (token_.kind == TokenKind::symbol) {
      const bool unequal = token_.symbol == "!=";
      if (const auto comparison = unequal ? Comparison::equal : comparison_of(token_.symbol)) {
        return compared(std::move(left), *comparison, unequal);
      }
    }
    const bool negated = take_keyword("not");
    const Token word = token_;
    if (take_keyword("in")) return in(left, negated);
    if (take_keyword("between")) return between(std::move(left), negated);
    if (take_keyword("like")) return like(std::move(left), negated);
    if (take_keyword("contains")) return contains(std::move(left), negated, word);
    if (take_keyword("exists")) return presence(std::move(left), true, negated);
    if (negated) {
      fail_here("expected in, between, like, contains or exists after 'not', found " + lexer_.spelled(token_));
    }
    if (take_keyword("is")) {
      const bool present = take_keyword("not");
      if (!take_keyword("null")) fail_here("expected null after 'is', found " + lexer_.spelled(token_));
      return presence(std::move(left), false, !present);
    }
    if (left.operand.kind == Operand::Kind::value && left.type() == StaticType::boolean) {
      return make_condition(Constant{left.operand.value.as_bool()});
    }
    const std::string name = named(left.operand);
    fail_here("expected a comparison after " + name + ", such as " + name + " = true, found " + lexer_.spelled(token_));
  }

  ConditionPointer compared(PlacedOperand left, Comparison comparison, bool unequal) {
    const Token symbol = take();
    const std::string sign(unequal ? "!=" : to_string(comparison));
    PlacedOperand right = operand(side_after(left), sign);
    refuse_null(left, symbol.begin, "'null " + sign + "'");
    if (right.type() == StaticType::null) {
      lexer_.fail(right.place, "'" + sign + " null' holds for no record; write '" + named(left.operand) +
                                   (unequal ? " is not null'" : " is null'"));
    }
    match_types(left, right);
    if (comparison != Comparison::equal) {
      refuse_unordered(left, sign);
      refuse_unordered(right, sign);
    }
    if (left.operand.is_constant() && !right.operand.is_constant()) {
      std::swap(left, right);
      comparison = mirrored(comparison);
    }
    const bool decided = left.operand.is_constant() && right.operand.is_constant();
    return folded(Compare{std::move(left.operand), comparison, unequal, std::move(right.operand)}, decided);
  }

  ConditionPointer between(PlacedOperand left, bool negated) {
    PlacedOperand low = operand(side_after(left), "between");
    if (!take_keyword("and")) fail_here("expected 'and' between the two bounds, found " + lexer_.spelled(token_));
    PlacedOperand high = operand(side_after(left), "and");
    for (PlacedOperand* side : {&left, &low, &high}) {
      refuse_null(*side, side->place, "between");
      refuse_unordered(*side, "between");
    }
    match_types(low, high);
    match_types(left, low);
    match_types(left, high);
    const bool decided = left.operand.is_constant() && low.operand.is_constant() && high.operand.is_constant();
    return folded(Between{std::move(left.operand), negated, std::move(low.operand), std::move(high.operand)}, decided);
  }

  ConditionPointer in(const PlacedOperand& left, bool negated) {
    refuse_null(left, left.place, "in");
    In in{left.operand, negated, {}, {}};
    if (token_.kind == TokenKind::parameter) {
      list_from_parameter(left, in);
    } else {
      expect_symbol("(", "or a parameter after 'in'");
      std::size_t items = 0;
      do {
        if (++items > list_items_max) fail_list(token_.begin);
        PlacedOperand item = operand(Side::right, "in");
        if (!item.operand.is_constant())
          lexer_.fail(item.place, "expected a value in the list; a field cannot stand there");
        if (item.type() == StaticType::composite) {
          lexer_.fail(item.place, "a list's items are single values; give a whole list as 'in :name'");
        }
        add_item(left, std::move(item), in);
      } while (take_comma());
      expect_symbol(")", "or ',' in the list");
    }
    std::sort(in.values.begin(), in.values.end(),
              [](const Value& a, const Value& b) { return compare(a.view(), b.view()) < 0; });
    in.values.erase(std::unique(in.values.begin(), in.values.end()), in.values.end());
    std::sort(in.times.begin(), in.times.end());
    in.times.erase(std::unique(in.times.begin(), in.times.end()), in.times.end());
    return folded(std::move(in), left.operand.is_constant());
  }

  void list_from_parameter(const PlacedOperand& left, In& in) {
    const std::size_t place = token_.begin;
    const Value list = parameter(take());
    if (list.type() != ValueType::array) lexer_.fail(place, "the parameter after 'in' must be an array");
    if (list.size() > list_items_max) fail_list(place);
    for (const auto& member : list.view()) add_item(left, {constant(Value(member.value)), place}, in);
  }

  void add_item(const PlacedOperand& left, PlacedOperand item, In& in) {
    if (item.type() == StaticType::null) {
      lexer_.fail(item.place, "null in a list equals nothing; write '" + named(left.operand) + " is null or ...'");
    }
    PlacedOperand unchanged = left;
    match_types(unchanged, item);
    if (item.operand.kind == Operand::Kind::time) {
      in.times.push_back(item.operand.time);
    } else {
      in.values.push_back(std::move(item.operand.value));
    }
  }

  bool take_comma() {
    if (!is_symbol(",")) return false;
    take();
    return true;
  }

  [[noreturn]] void fail_list(std::size_t place) const {
    lexer_.fail(place, "the list has more items than list_items_max, " + std::to_string(list_items_max),
                ErrorCode::limit_exceeded);
  }

  ConditionPointer like(PlacedOperand left, bool negated) {
    refuse_null(left, left.place, "like");
    if (left.type() != StaticType::any && left.type() != StaticType::text) {
      lexer_.fail(left.place,
                  "like compares texts; " + named(left.operand) + " is " + std::string(to_string(left.type())));
    }
    const PlacedOperand pattern = operand(side_after(left), "like");
    if (!pattern.operand.is_constant() || pattern.type() != StaticType::text) {
      lexer_.fail(pattern.place, "expected a pattern such as 'abc%' after 'like'");
    }
    try {
      TextPattern compiled(pattern.operand.value.as_string());
      const bool decided = left.operand.is_constant();
      return folded(Like{std::move(left.operand), negated, std::move(compiled)}, decided);
    } catch (const Error& error) {
      lexer_.fail(pattern.place, error.what(), error.code());
    }
  }

  ConditionPointer contains(PlacedOperand left, bool negated, const Token& word) {
    PlacedOperand part = operand(side_after(left), "contains");
    if (part.type() == StaticType::null) lexer_.fail(part.place, "'contains null' holds for no record");
    switch (left.type()) {
      case StaticType::any:
      case StaticType::composite:
        break;
      case StaticType::text:
        if (part.type() == StaticType::any || part.type() == StaticType::text) break;
        [[fallthrough]];
      default:
        lexer_.fail(word.begin, "an array contains an element and text contains text; here " + named(left.operand) +
                                    " is " + std::string(to_string(left.type())) + " and " + named(part.operand) +
                                    " is " + std::string(to_string(part.type())));
    }
    const bool decided = left.operand.is_constant() && part.operand.is_constant();
    return folded(Contains{std::move(left.operand), negated, std::move(part.operand)}, decided);
  }

  ConditionPointer presence(PlacedOperand left, bool or_null, bool negated) {
    if (left.operand.is_constant()) {
      lexer_.fail(left.place, std::string(or_null ? "'exists'" : "'is null'") + " asks about a field, not about " +
                                  named(left.operand));
    }
    return make_condition(Presence{std::move(left.operand), or_null, negated});
  }

  template <class Form>
  ConditionPointer folded(Form form, bool decided) const {
    ConditionPointer condition = make_condition(std::move(form));
    return decided ? make_condition(Constant{matches(*condition, RecordView{})}) : condition;
  }

  // ---- types

  void refuse_null(const PlacedOperand& side, std::size_t place, const std::string& what) const {
    if (side.type() == StaticType::null) lexer_.fail(place, what + " compares values; null is asked for by 'is null'");
  }

  void refuse_unordered(const PlacedOperand& side, const std::string& what) const {
    if (side.type() == StaticType::composite) {
      lexer_.fail(side.place, "arrays and objects have no order; '" + what + "' needs a single value");
    }
  }

  /// Makes a time of the text that is compared with a time, and refuses what can never be equal.
  void match_types(PlacedOperand& a, PlacedOperand& b) const {
    if (a.type() == StaticType::any || b.type() == StaticType::any) return;
    if (a.type() == StaticType::time) make_time(b, a);
    if (b.type() == StaticType::time) make_time(a, b);
    if (a.type() == b.type()) return;
    lexer_.fail(b.place, "cannot compare " + named(a.operand) + ", which is " + std::string(to_string(a.type())) +
                             ", with " + named(b.operand) + ", which is " + std::string(to_string(b.type())));
  }

  void make_time(PlacedOperand& side, const PlacedOperand& other) const {
    if (side.operand.kind != Operand::Kind::value) return;
    if (side.type() == StaticType::text) {
      const auto time = Time::parse(side.operand.value.as_string());
      if (!time) lexer_.fail(side.place, not_a_time(named(side.operand)));
      side.operand = constant(*time);
    } else if (side.type() == StaticType::number) {
      lexer_.fail(side.place, named(other.operand) +
                                  " is a time: compare it with '2024-05-01', with ago('7d'), "
                                  "or with time(" +
                                  named(side.operand) + ") for microseconds since 1970");
    }
  }

  static std::string not_a_time(const std::string& text) {
    return text + " is not a time; write '2024-05-01' or '2024-05-01T10:00:00Z'";
  }

  // ---- operands

  enum class Side { left, right_of_constant, right };

  /// The operand as messages name it: constants may be long.
  static std::string named(const Operand& operand) {
    constexpr std::size_t bytes_max = 60;
    std::string name = operand.to_string();
    if (name.size() <= bytes_max) return name;
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
    return name.substr(0, end) + "...";
  }

  static Side side_after(const PlacedOperand& left) {
    return left.operand.is_constant() ? Side::right_of_constant : Side::right;
  }

  PlacedOperand operand(Side side, const std::string& after = {}) {
    const std::size_t place = token_.begin;
    switch (token_.kind) {
      case TokenKind::number:
        return {constant(take().number), place};
      case TokenKind::text:
        return {constant(Value(take().text)), place};
      case TokenKind::parameter:
        return {constant(parameter(take())), place};
      case TokenKind::path:
        break;
      default: {
        const std::string wanted = after.empty() ? "a field or a value" : "a value after '" + after + "'";
        fail_here("expected " + wanted + ", found " + lexer_.spelled(token_));
      }
    }
    if (is_reserved(token_.word)) return {constant(reserved_value(after)), place};
    if (token_.called) return {call(), place};
    if (side == Side::right) refuse_bare_name();
    Operand field;
    field.kind = Operand::Kind::path;
    field.path = take().path;
    return {std::move(field), place};
  }

  Value reserved_value(const std::string& after) {
    if (take_keyword("true")) return Value(true);
    if (take_keyword("false")) return Value(false);
    if (take_keyword("null")) return Value(nullptr);
    const std::string word(token_.word);
    fail_here("expected " + std::string(after.empty() ? "a field or a value" : "a value after '" + after + "'") +
              ", found '" + word + "'; a field of that name is written \"" + word + "\"");
  }

  /// On the right, a bare name is nearly always a text without its quotes, and would silently match nothing.
  void refuse_bare_name() const {
    if (!token_.path.in_body()) return;
    const std::string rooted = token_.path.to_string(true);
    if (token_.path.steps().empty() || lexer_.spelled(token_).starts_with("'$")) return;
    const bool could_be_text = token_.quoted_name_alone || !token_.word.empty();
    const std::string name = could_be_text ? token_.path.steps().front().name : std::string();
    fail_here((could_be_text ? "text stands in single quotes, '" + name + "'; " : std::string("expected a value; ")) +
              "another field is written " + rooted);
  }

  Value parameter(const Token& token) {
    const auto found = parameters_.find(token.text);
    if (found == parameters_.end()) lexer_.fail(token.begin, "parameter :" + token.text + " was given no value");
    used_.insert(token.text);
    return found->second;
  }

  Operand call() {
    const Level level(*this);
    const Token name = take();
    take();
    if (is_word(name.word, "now")) {
      expect_symbol(")", "after 'now('");
      return constant(now_);
    }
    const bool known = is_word(name.word, "ago") || is_word(name.word, "lower") || is_word(name.word, "length") ||
                       is_word(name.word, "time");
    if (!known) {
      lexer_.fail(name.begin,
                  "there is no function '" + std::string(name.word) + "'; there are ago, now, time, lower and length");
    }
    PlacedOperand argument = operand(Side::left, std::string(name.word) + "(");
    expect_symbol(")", "after the argument of '" + std::string(name.word) + "'");
    if (is_word(name.word, "ago")) return ago(argument);
    if (is_word(name.word, "lower")) return lower(std::move(argument));
    if (is_word(name.word, "length")) return length(std::move(argument));
    return to_time(std::move(argument));
  }

  Operand ago(const PlacedOperand& argument) const {
    std::optional<std::chrono::microseconds> duration;
    if (argument.operand.kind == Operand::Kind::value && argument.type() == StaticType::text) {
      duration = parse_duration(argument.operand.value.as_string());
    }
    if (!duration) lexer_.fail(argument.place, "ago takes a length of time such as '90s', '15m', '12h', '7d' or '2w'");
    constexpr std::int64_t earliest = std::numeric_limits<std::int64_t>::min();
    if (now_.micros < 0 && duration->count() > now_.micros - earliest) {
      lexer_.fail(argument.place, "that long ago there was no time");
    }
    return constant(now_ - *duration);
  }

  Operand lower(PlacedOperand argument) const {
    expect_argument(argument, {StaticType::any, StaticType::text}, "lower");
    if (argument.operand.is_constant()) return constant(Value(lowered(argument.operand.value.as_string())));
    return function(Operand::Kind::lower, std::move(argument.operand));
  }

  Operand length(PlacedOperand argument) const {
    expect_argument(argument, {StaticType::any, StaticType::text, StaticType::composite}, "length");
    if (argument.operand.is_constant()) {
      return constant(Value(static_cast<unsigned long long>(*length_of(argument.operand.value.view()))));
    }
    return function(Operand::Kind::length, std::move(argument.operand));
  }

  Operand to_time(PlacedOperand argument) const {
    if (argument.type() == StaticType::time) return std::move(argument.operand);
    expect_argument(argument, {StaticType::any, StaticType::text, StaticType::number}, "time");
    if (argument.operand.is_constant()) {
      const auto time = time_of(argument.operand.value.view());
      if (!time) lexer_.fail(argument.place, not_a_time(named(argument.operand)));
      return constant(*time);
    }
    return function(Operand::Kind::to_time, std::move(argument.operand));
  }

  void expect_argument(const PlacedOperand& argument, std::initializer_list<StaticType> types,
                       std::string_view name) const {
    if (std::find(types.begin(), types.end(), argument.type()) != types.end()) return;
    lexer_.fail(argument.place, std::string(name) + " cannot take " + named(argument.operand) + ", which is " +
                                    std::string(to_string(argument.type())));
  }

  static Operand function(Operand::Kind kind, Operand argument) {
    Operand operand;
    operand.kind = kind;
    operand.argument = std::make_shared<const Operand>(std::move(argument));
    return operand;
  }

  Lexer lexer_;
  Time now_;
  const Parameters& parameters_;
  std::set<std::string, std::less<>> used_;
  Token token_;
  std::size_t depth_ = 0;
};

}  // namespace

ConditionPointer parse_condition(std::string_view text, Time now, const Parameters& parameters) {
  return Parser(text, now, parameters).parse();
}

}  // namespace strata::filter
