#include "query/datalog/parser.hpp"

#include <set>

#include "query/datalog/lexer.hpp"

namespace strata::datalog {
namespace {

class Parser {
 public:
  Parser(std::string_view text, const Parameters& parameters) : lexer_(text), parameters_(parameters) { advance(); }

  Program parse() {
    while (!at_symbol("?-")) {
      if (token_.kind == TokenKind::end) {
        fail(token_.place, "the program asks nothing: it ends with a question, `?- body.`");
      }
      if (program_.rules.size() >= rules_max) {
        fail(token_.place, "more than 100,000 rules and facts (rules_max); put facts into a collection",
             ErrorCode::limit_exceeded);
      }
      program_.rules.push_back(rule());
    }
    question();
    for (const auto& [name, value] : parameters_) {
      if (!used_.contains(name)) {
        throw Error(ErrorCode::invalid_argument, "parameter `" + name + "` is given, but the program has no :" + name);
      }
    }
    return std::move(program_);
  }

 private:
  /// Counts how deep the parser is within brackets.
  class Depth {
   public:
    explicit Depth(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > expression_depth_max) {
        fail(parser_.token_.place, "nested deeper than 100 (expression_depth_max)", ErrorCode::limit_exceeded);
      }
    }
    ~Depth() { --parser_.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;

   private:
    Parser& parser_;
  };

  void advance() {
    end_ = token_.end;
    token_ = lexer_.next();
  }
  bool at_symbol(std::string_view symbol) const { return token_.kind == TokenKind::symbol && token_.text == symbol; }
  bool at_word(std::string_view word) const { return token_.kind == TokenKind::name && token_.text == word; }
  bool take_symbol(std::string_view symbol) {
    if (!at_symbol(symbol)) return false;
    advance();
    return true;
  }
  bool take_word(std::string_view word) {
    if (!at_word(word)) return false;
    advance();
    return true;
  }
  std::string found() const {
    if (token_.kind == TokenKind::end) return "the program ends";
    if (token_.kind == TokenKind::text) return "there is a text";
    if (token_.kind == TokenKind::parameter) return "there is `:" + token_.text + "`";
    return "there is `" + token_.text + "`";
  }
  void expect(std::string_view symbol, const std::string& where) {
    if (!take_symbol(symbol)) fail(token_.place, "`" + std::string(symbol) + "` is missing " + where + ": " + found());
  }

  Rule rule() {
    const std::size_t begin = token_.begin;
    const Place place = token_.place;
    Rule rule;
    rule.head = primary();
    if (rule.head.kind != Expression::Kind::call) {
      fail(place, "a rule begins with its head, as in `head(X) :- body(X).`");
    }
    if (take_symbol(":-")) rule.body = body();
    rule.text = lexer_.line_of(begin, end_);
    if (token_.kind == TokenKind::end || !take_symbol(".")) {
      fail(token_.place, "a rule ends with `.`, and its parts stand between commas: " + found());
    }
    return rule;
  }

  void question() {
    program_.question_place = token_.place;
    const std::size_t begin = token_.begin;
    advance();
    program_.question = body();
    program_.question_text = lexer_.line_of(begin, end_);
    take_symbol(".");
    if (at_word("order")) order();
    if (take_word("limit")) program_.limit = row_count("limit");
    if (take_word("offset")) program_.offset = row_count("offset");
    take_symbol(".");
    if (at_symbol("?-")) fail(token_.place, "a program has one question; ask the second one with a program of its own");
    if (token_.kind != TokenKind::end) {
      fail(token_.place,
           "after the question only `order by`, `limit` and `offset` may follow, in this order: " + found());
    }
  }

  void order() {
    advance();
    if (!take_word("by")) fail(token_.place, "write `order by X, Y desc`");
    do {
      if (token_.kind != TokenKind::variable || !token_.path.empty()) {
        fail(token_.place, "the order is by variables of the question: " + found());
      }
      OrderTerm term{token_.text, false, token_.place};
      advance();
      if (take_word("desc")) {
        term.descending = true;
      } else {
        take_word("asc");
      }
      program_.order.push_back(std::move(term));
    } while (take_symbol(","));
  }

  std::uint64_t row_count(const std::string& word) {
    const Place place = token_.place;
    const Expression number = primary();
    const bool whole = number.kind == Expression::Kind::constant && number.value.type() == ValueType::integer;
    if (!whole || compare(number.value, Value(0)) < 0) fail(place, "the " + word + " is a number of rows, such as 10");
    return number.value.view().as_uint();
  }

  std::vector<Literal> body() {
    std::vector<Literal> literals;
    do {
      if (literals.size() >= literals_max) {
        fail(token_.place, "more than 200 parts (literals_max); split the rule", ErrorCode::limit_exceeded);
      }
      literals.push_back(literal());
    } while (take_symbol(","));
    return literals;
  }

  Literal literal() {
    const Depth depth(*this);
    Literal literal;
    literal.place = token_.place;
    while (take_word("not")) literal.negated = !literal.negated;
    literal.left = expression();
    if (take_word("not")) {
      if (!at_word("in")) fail(token_.place, "`not` stands before a relation or a test, or in `X not in [...]`");
      literal.negated = !literal.negated;
    }
    if (take_word("in")) {
      literal.kind = Literal::Kind::member;
      literal.right = expression();
    } else if (const auto comparison = take_comparison()) {
      literal.kind = Literal::Kind::compare;
      literal.comparison = *comparison;
      literal.right = expression();
    } else if (literal.left.kind != Expression::Kind::call) {
      fail(token_.place,
           "a part of a body is a relation or a test, such as `p(X)`, `X > 1`, `X in [1, 2]`: " + found());
    }
    return literal;
  }

  std::optional<Comparison> take_comparison() {
    if (token_.kind != TokenKind::symbol) return std::nullopt;
    if (take_symbol("=")) {
      take_symbol("=");
      return Comparison::equal;
    }
    if (take_symbol("!=")) return Comparison::not_equal;
    if (take_symbol("<=")) return Comparison::less_equal;
    if (take_symbol(">=")) return Comparison::greater_equal;
    if (take_symbol("<")) return Comparison::less;
    if (take_symbol(">")) return Comparison::greater;
    return std::nullopt;
  }

  static Expression call(std::string name, Place place, std::vector<Expression> parts) {
    Expression call;
    call.kind = Expression::Kind::call;
    call.place = place;
    call.name = std::move(name);
    call.parts = std::move(parts);
    return call;
  }

  Expression binary(std::string name, Place place, Expression left, Expression right) {
    std::vector<Expression> parts;
    parts.push_back(std::move(left));
    parts.push_back(std::move(right));
    return call(std::move(name), place, std::move(parts));
  }

  // A chain leans to the left, so its tree is as deep as it is long.
  void check_chain(std::size_t length) {
    if (length > expression_depth_max) {
      fail(token_.place, "more than 100 operators in a row (expression_depth_max); split the expression",
           ErrorCode::limit_exceeded);
    }
  }

  Expression expression() {
    const Depth depth(*this);
    Expression left = product();
    for (std::size_t length = 1; at_symbol("+") || at_symbol("-"); ++length) {
      check_chain(length);
      const Token sign = token_;
      advance();
      left = binary(sign.text, sign.place, std::move(left), product());
    }
    return left;
  }

  Expression product() {
    Expression left = primary();
    for (std::size_t length = 1; at_symbol("*") || at_symbol("/"); ++length) {
      check_chain(length);
      const Token sign = token_;
      advance();
      left = binary(sign.text, sign.place, std::move(left), primary());
    }
    return left;
  }

  Expression constant(Value value, Place place) {
    Expression out;
    out.place = place;
    out.value = std::move(value);
    return out;
  }

  Expression primary() {
    const Depth depth(*this);
    const Token token = token_;
    switch (token.kind) {
      case TokenKind::end:
        fail(token.place, "the program ends where a value, a variable or a relation should stand");
      case TokenKind::number:
        advance();
        return constant(token.number, token.place);
      case TokenKind::text:
        advance();
        if (at_symbol("(")) return called(token, true);
        return constant(Value(token.text), token.place);
      case TokenKind::parameter:
        advance();
        return parameter(token);
      case TokenKind::variable:
        advance();
        return variable(token);
      case TokenKind::name:
        advance();
        return named(token);
      case TokenKind::symbol:
        break;
    }
    if (take_symbol("(")) {
      Expression inner = expression();
      expect(")", "after the expression");
      return inner;
    }
    if (take_symbol("-")) {
      Expression operand = primary();
      if (operand.kind == Expression::Kind::constant && operand.value.type() == ValueType::number) {
        return constant(Value(-operand.value.as_double()), token.place);
      }
      return binary("-", token.place, constant(Value(0), token.place), std::move(operand));
    }
    if (take_symbol("[")) return array(token.place);
    if (take_symbol("{")) return object(token.place);
    fail(token.place, "a value, a variable or a relation should stand here: " + found());
  }

  Expression parameter(const Token& token) {
    const auto given = parameters_.find(token.text);
    if (given == parameters_.end()) fail(token.place, "no value is given for the parameter `:" + token.text + "`");
    used_.insert(token.text);
    return constant(given->second, token.place);
  }

  static Expression variable(const Token& token) {
    Expression out;
    out.kind = Expression::Kind::variable;
    out.place = token.place;
    if (token.text != "_") out.name = token.text;
    if (token.path.empty()) return out;
    if (token.text == "_") fail(token.place, "`_` has no members: give the variable a name");
    Expression path;
    path.kind = Expression::Kind::path;
    path.place = token.place;
    path.name = token.path.starts_with('.') ? token.path.substr(1) : token.path;
    path.parts.push_back(std::move(out));
    return path;
  }

  Expression named(const Token& token) {
    if (at_symbol("(")) return called(token, false);
    if (token.text == "true") return constant(Value(true), token.place);
    if (token.text == "false") return constant(Value(false), token.place);
    if (token.text == "null") return constant(Value(nullptr), token.place);
    fail(token.place, "`" + token.text + "` means nothing by itself: a text stands in quotes ('" + token.text +
                          "'), a variable begins with a capital letter, a relation has its arguments in parentheses");
  }

  Expression called(const Token& token, bool quoted) {
    advance();
    Expression out = call(token.text, token.place, {});
    out.quoted = quoted;
    if (take_symbol(")")) return out;
    do {
      if (out.parts.size() >= arguments_max) {
        fail(token_.place, "more than 60 arguments (arguments_max)", ErrorCode::limit_exceeded);
      }
      out.parts.push_back(expression());
    } while (take_symbol(","));
    expect(")", "after the arguments of `" + token.text + "`");
    return out;
  }

  Expression array(Place place) {
    Expression out;
    out.kind = Expression::Kind::array;
    out.place = place;
    if (take_symbol("]")) return out;
    do out.parts.push_back(expression());
    while (take_symbol(","));
    expect("]", "after the elements");
    return out;
  }

  Expression object(Place place) {
    Expression out;
    out.kind = Expression::Kind::object;
    out.place = place;
    if (take_symbol("}")) return out;
    do {
      const bool word = token_.kind == TokenKind::name || (token_.kind == TokenKind::variable && token_.path.empty());
      if (!word && token_.kind != TokenKind::text) fail(token_.place, "a member begins with its name: " + found());
      out.names.push_back(token_.text);
      advance();
      member_value(out);
    } while (take_symbol(","));
    expect("}", "after the members");
    return out;
  }

  void member_value(Expression& object) {
    // `name:X` without a blank reads as a parameter, which it cannot be here.
    if (token_.kind == TokenKind::parameter) {
      Token word = token_;
      const bool upper = word.text[0] == '_' || (word.text[0] >= 'A' && word.text[0] <= 'Z');
      if (!upper && word.text != "true" && word.text != "false" && word.text != "null") {
        fail(word.place, "put a blank after the `:` of member `" + object.names.back() + "`");
      }
      advance();
      object.parts.push_back(upper ? variable(word) : named(word));
      return;
    }
    expect(":", "after the member's name");
    if (!at_symbol("*")) {
      object.parts.push_back(expression());
      return;
    }
    Expression each;
    each.kind = Expression::Kind::each;
    each.place = token_.place;
    advance();
    each.parts.push_back(expression());
    object.parts.push_back(std::move(each));
  }

  Lexer lexer_;
  const Parameters& parameters_;
  std::set<std::string, std::less<>> used_;
  Token token_;
  std::size_t end_ = 0;  ///< Of the token before.
  std::size_t depth_ = 0;
  Program program_;
};

}  // namespace

Program parse(std::string_view text, const Parameters& parameters) { return Parser(text, parameters).parse(); }

}  // namespace strata::datalog
