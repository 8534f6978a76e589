#include "tests/history/history.hpp"

namespace strata::history {
namespace {

Value seen_value(const Seen& seen) {
  return Value::object({{"key", seen.key}, {"version", seen.version.value}, {"content", to_value(seen.content)}});
}

Seen value_seen(ValueView value) {
  return {std::string(value["key"].as_string()), Version{value["version"].as_uint()}, to_content(value["content"])};
}

Value question_value(const Question& question) {
  Value value = Value::object({{"collection", question.collection},
                               {"order", static_cast<int>(question.order)},
                               {"limit", std::uint64_t{question.limit}}});
  if (question.kind) value.set("kind", Value(*question.kind));
  if (question.number_from) value.set("number_from", Value(*question.number_from));
  if (question.number_below) value.set("number_below", Value(*question.number_below));
  if (question.tag) value.set("tag", Value(*question.tag));
  return value;
}

Question value_question(ValueView value) {
  Question question;
  question.collection = value["collection"].as_string();
  question.order = static_cast<Question::Order>(value["order"].as_int());
  question.limit = value["limit"].as_uint();
  if (const ValueView kind = value["kind"]) question.kind = kind.as_string();
  if (const ValueView number = value["number_from"]) question.number_from = number.as_int();
  if (const ValueView number = value["number_below"]) question.number_below = number.as_int();
  if (const ValueView tag = value["tag"]) question.tag = tag.as_string();
  return question;
}

struct StepWriter {
  Value operator()(const Get& get) const {
    Value value = Value::object({{"do", "get"}, {"collection", get.collection}, {"key", get.key}});
    if (get.seen) value.set("seen", seen_value(*get.seen));
    return value;
  }
  Value operator()(const Scan& scan) const {
    std::vector<Value> seen;
    for (const Seen& one : scan.seen) seen.push_back(seen_value(one));
    return Value::object({{"do", "scan"}, {"question", question_value(scan.question)}, {"seen", Value::array(seen)}});
  }
  Value operator()(const Put& put) const {
    return Value::object(
        {{"do", "put"}, {"collection", put.collection}, {"key", put.key}, {"content", to_value(put.content)}});
  }
  Value operator()(const Erase& erase) const {
    return Value::object(
        {{"do", "erase"}, {"collection", erase.collection}, {"key", erase.key}, {"existed", erase.existed}});
  }
};

Step value_step(ValueView value) {
  const std::string_view what = value["do"].as_string();
  if (what == "scan") {
    Scan scan{value_question(value["question"]), {}};
    for (const auto& [unused, seen] : value["seen"]) scan.seen.push_back(value_seen(seen));
    return scan;
  }
  const std::string collection(value["collection"].as_string());
  const std::string key(value["key"].as_string());
  if (what == "put") return Put{collection, key, to_content(value["content"])};
  if (what == "erase") return Erase{collection, key, value["existed"].as_bool()};
  Get get{collection, key, std::nullopt};
  if (const ValueView seen = value["seen"]) get.seen = value_seen(seen);
  return get;
}

}  // namespace

Value to_value(const Content& content) {
  std::vector<Value> tags;
  for (const std::string& tag : content.tags) tags.emplace_back(tag);
  return Value::object(
      {{"number", content.number}, {"kind", content.kind}, {"tags", Value::array(tags)}, {"stamp", content.stamp}});
}

Content to_content(ValueView value) {
  Content content;
  content.number = value["number"].as_int();
  content.kind = value["kind"].as_string();
  for (const auto& [unused, tag] : value["tags"]) content.tags.emplace_back(tag.as_string());
  content.stamp = value["stamp"].as_uint();
  return content;
}

Query to_query(const Question& question) {
  Query query;
  const auto demand = [&](const char* condition, const char* name, Value value) {
    if (!query.where.empty()) query.where += " and ";
    query.where += condition;
    query.parameters.emplace(name, std::move(value));
  };
  if (question.kind) demand("kind = :kind", "kind", *question.kind);
  if (question.number_from) demand("number >= :from", "from", *question.number_from);
  if (question.number_below) demand("number < :below", "below", *question.number_below);
  if (question.tag) demand("tags contains :tag", "tag", *question.tag);
  if (question.order != Question::Order::by_key)
    query.order.push_back({"number", question.order == Question::Order::by_number_descending});
  query.limit = question.limit;
  return query;
}

Seen to_seen(const Record& record) { return {record.key, record.version, to_content(record.value)}; }

std::string to_line(const Done& done) {
  std::vector<Value> steps;
  for (const Step& step : done.steps) steps.push_back(std::visit(StepWriter{}, step));
  return Value::object({{"session", done.session},
                        {"id", done.id.to_string()},
                        {"committed", done.committed},
                        {"position", done.position.value},
                        {"began", done.began},
                        {"ended", done.ended},
                        {"steps", Value::array(steps)}})
      .to_json();
}

Done from_line(std::string_view line) {
  const Value value = Value::from_json(line);
  Done done;
  done.session = value["session"].as_string();
  done.id = Uuid::parse(value["id"].as_string()).value();
  done.committed = value["committed"].as_bool();
  done.position.value = value["position"].as_uint();
  done.began = value["began"].as_int();
  done.ended = value["ended"].as_int();
  for (const auto& [unused, step] : value["steps"]) done.steps.push_back(value_step(step));
  return done;
}

}  // namespace strata::history
