#include "filter/expression.hpp"

#include <type_traits>
#include <utility>

namespace strata::filter {
namespace {

std::string quoted_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

std::string constant_to_string(ValueView value) {
  return value.type() == ValueType::string ? quoted_text(value.as_string()) : value.to_json();
}

std::string constant_to_string(Time time) { return "time('" + time.to_string() + "')"; }

/// `parts` with those of nested conditions of the same form in their place, constants taken out as far as possible.
/// Nothing when the whole is decided by a part that is `deciding`.
template <class Form>
std::optional<std::vector<ConditionPointer>> flattened(std::vector<ConditionPointer> parts, bool deciding) {
  std::vector<ConditionPointer> flat;
  for (ConditionPointer& part : parts) {
    if (const auto* constant = std::get_if<Constant>(&part->form)) {
      if (constant->truth == deciding) return std::nullopt;
    } else if (const auto* nested = std::get_if<Form>(&part->form)) {
      flat.insert(flat.end(), nested->parts.begin(), nested->parts.end());
    } else {
      flat.push_back(std::move(part));
    }
  }
  return flat;
}

template <class Form>
ConditionPointer joined(std::vector<ConditionPointer> parts, bool deciding) {
  auto flat = flattened<Form>(std::move(parts), deciding);
  if (!flat) return make_condition(Constant{deciding});
  if (flat->empty()) return make_condition(Constant{!deciding});
  if (flat->size() == 1) return flat->front();
  return make_condition(Form{std::move(*flat)});
}

std::string parts_to_string(const std::vector<ConditionPointer>& parts, std::string_view word) {
  std::string out;
  for (const ConditionPointer& part : parts) {
    if (!out.empty()) out += word;
    const bool enclosed = std::holds_alternative<Any>(part->form) || std::holds_alternative<All>(part->form);
    out += enclosed ? "(" + to_string(*part) + ")" : to_string(*part);
  }
  return out;
}

std::string list_to_string(const In& in) {
  std::string out;
  const auto append = [&](const std::string& item) { out += (out.empty() ? "" : ", ") + item; };
  for (const Value& value : in.values) append(constant_to_string(value.view()));
  for (const Time time : in.times) append(constant_to_string(time));
  return "(" + out + ")";
}

struct Writer {
  std::string operator()(const Constant& constant) const { return constant.truth ? "true" : "false"; }
  std::string operator()(const All& all) const { return parts_to_string(all.parts, " and "); }
  std::string operator()(const Any& any) const { return parts_to_string(any.parts, " or "); }
  std::string operator()(const Not& inverse) const { return "not (" + to_string(*inverse.part) + ")"; }
  std::string operator()(const Compare& compare) const {
    return compare.left.to_string() + " " + std::string(compare.negated ? "!=" : to_string(compare.comparison)) + " " +
           compare.right.to_string(true);
  }
  std::string operator()(const Between& between) const {
    return between.left.to_string() + word(between.negated, " between ") + between.low.to_string(true) + " and " +
           between.high.to_string(true);
  }
  std::string operator()(const In& in) const {
    return in.left.to_string() + word(in.negated, " in ") + list_to_string(in);
  }
  std::string operator()(const Like& like) const {
    return like.left.to_string() + word(like.negated, " like ") + quoted_text(like.pattern.text());
  }
  std::string operator()(const Contains& contains) const {
    return contains.left.to_string() + word(contains.negated, " contains ") + contains.right.to_string(true);
  }
  std::string operator()(const Presence& presence) const {
    if (presence.or_null) return presence.left.to_string() + (presence.negated ? " not exists" : " exists");
    return presence.left.to_string() + (presence.negated ? " is null" : " is not null");
  }

  static std::string word(bool negated, const std::string& name) { return negated ? " not" + name : name; }
};

void for_each_path(const Operand& operand, const std::function<void(const Path&)>& visit) {
  if (operand.kind == Operand::Kind::path) visit(operand.path);
  if (operand.argument) for_each_path(*operand.argument, visit);
}

}  // namespace

StaticType Operand::type() const {
  switch (kind) {
    case Kind::value:
      switch (value.type()) {
        case ValueType::missing:
        case ValueType::null:
          return StaticType::null;
        case ValueType::boolean:
          return StaticType::boolean;
        case ValueType::integer:
        case ValueType::number:
          return StaticType::number;
        case ValueType::string:
          return StaticType::text;
        case ValueType::array:
        case ValueType::object:
          return StaticType::composite;
      }
      return StaticType::any;
    case Kind::time:
    case Kind::to_time:
      return StaticType::time;
    case Kind::length:
      return StaticType::number;
    case Kind::lower:
      return StaticType::text;
    case Kind::path:
      switch (path.root()) {
        case PathRoot::body:
          return StaticType::any;
        case PathRoot::key:
          return StaticType::text;
        case PathRoot::version:
          return StaticType::number;
        case PathRoot::created:
        case PathRoot::updated:
        case PathRoot::expires:
          return StaticType::time;
      }
  }
  return StaticType::any;
}

std::string Operand::to_string(bool on_the_right) const {
  switch (kind) {
    case Kind::value:
      return constant_to_string(value.view());
    case Kind::time:
      return constant_to_string(time);
    case Kind::path:
      return path.to_string(on_the_right && path.in_body());
    case Kind::lower:
      return "lower(" + argument->to_string() + ")";
    case Kind::length:
      return "length(" + argument->to_string() + ")";
    case Kind::to_time:
      return "time(" + argument->to_string() + ")";
  }
  return {};
}

ConditionPointer make_all(std::vector<ConditionPointer> parts) { return joined<All>(std::move(parts), false); }

ConditionPointer make_any(std::vector<ConditionPointer> parts) { return joined<Any>(std::move(parts), true); }

ConditionPointer make_not(ConditionPointer part) {
  if (const auto* constant = std::get_if<Constant>(&part->form)) return make_condition(Constant{!constant->truth});
  if (const auto* inverse = std::get_if<Not>(&part->form)) return inverse->part;
  if (const auto* presence = std::get_if<Presence>(&part->form)) {
    return make_condition(Presence{presence->left, presence->or_null, !presence->negated});
  }
  return make_condition(Not{std::move(part)});
}

std::string_view to_string(Comparison comparison) {
  switch (comparison) {
    case Comparison::equal:
      return "=";
    case Comparison::less:
      return "<";
    case Comparison::less_equal:
      return "<=";
    case Comparison::greater:
      return ">";
    case Comparison::greater_equal:
      return ">=";
  }
  return "=";
}

Comparison mirrored(Comparison comparison) {
  switch (comparison) {
    case Comparison::equal:
      return Comparison::equal;
    case Comparison::less:
      return Comparison::greater;
    case Comparison::less_equal:
      return Comparison::greater_equal;
    case Comparison::greater:
      return Comparison::less;
    case Comparison::greater_equal:
      return Comparison::less_equal;
  }
  return comparison;
}

std::string_view to_string(StaticType type) {
  switch (type) {
    case StaticType::any:
      return "anything";
    case StaticType::null:
      return "null";
    case StaticType::boolean:
      return "true or false";
    case StaticType::number:
      return "a number";
    case StaticType::text:
      return "text";
    case StaticType::time:
      return "a time";
    case StaticType::composite:
      return "an array or object";
  }
  return "anything";
}

std::string to_string(const Condition& condition) { return std::visit(Writer{}, condition.form); }

void for_each_path(const Condition& condition, const std::function<void(const Path&)>& visit) {
  std::visit(
      [&](const auto& form) {
        using Form = std::decay_t<decltype(form)>;
        if constexpr (std::is_same_v<Form, All> || std::is_same_v<Form, Any>) {
          for (const ConditionPointer& part : form.parts) for_each_path(*part, visit);
        } else if constexpr (std::is_same_v<Form, Not>) {
          for_each_path(*form.part, visit);
        } else if constexpr (!std::is_same_v<Form, Constant>) {
          for_each_path(form.left, visit);
          if constexpr (std::is_same_v<Form, Compare> || std::is_same_v<Form, Contains>)
            for_each_path(form.right, visit);
          if constexpr (std::is_same_v<Form, Between>) {
            for_each_path(form.low, visit);
            for_each_path(form.high, visit);
          }
        }
      },
      condition.form);
}

}  // namespace strata::filter
