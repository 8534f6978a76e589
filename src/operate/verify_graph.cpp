#include "operate/verify_graph.hpp"

#include <map>

#include "codec/record.hpp"
#include "model/graph.hpp"
#include "strata/error.hpp"

namespace strata::operate {
namespace {

using commit::CollectionDefinition;
using Problem = std::function<void(std::string)>;

class GraphVerification {
 public:
  GraphVerification(commit::View& view, const Problem& problem) : view_(view), problem_(problem) {}

  void run() {
    read_rules();
    const CollectionDefinition* edges = view_.catalogue().find(model::edges_name);
    if (!edges) return;
    const auto cursor = view_.reader().scan({edges->records(), {}, {}}, {});
    while (cursor->next()) {
      const std::string key(cursor->key());
      try {
        const codec::RecordRow row = codec::decode_record({edges->records(), key}, cursor->value());
        check(key, row);
      } catch (const Error&) {
        // Named with the records.
      }
    }
  }

 private:
  void read_rules() {
    const CollectionDefinition* types = view_.catalogue().find(model::edge_types_name);
    if (!types) return;
    const auto cursor = view_.reader().scan({types->records(), {}, {}}, {});
    while (cursor->next()) {
      const std::string type(cursor->key());
      try {
        const codec::RecordRow row = codec::decode_record({types->records(), type}, cursor->value());
        const auto rule = parse_edge_rule(ValueView(row.body)["rule"].string_or({}));
        if (rule) {
          rules_.emplace(type, *rule);
        } else {
          problem_("edge type `" + type + "`: its rule is none of dangling, restrict, cascade");
        }
      } catch (const Error&) {
        // Named with the records.
      }
    }
  }

  void check(const std::string& key, const codec::RecordRow& row) {
    const ValueView body(row.body);
    const std::string from(body["from"].string_or({}));
    const std::string type(body["type"].string_or({}));
    const std::string to(body["to"].string_or({}));
    const std::string edge = "edge `" + from + "` -" + type + "-> `" + to + "`";
    try {
      model::check_node(from);
      model::check_edge_type(type);
      model::check_node(to);
    } catch (const Error& error) {
      return problem_(edge + ": " + error.what());
    }
    if (model::edge_key(from, type, to) != key) return problem_(edge + ": it stands under the key of another edge");
    const auto rule = rules_.find(type);
    if (rule == rules_.end()) return;
    for (const std::string& node : {from, to}) {
      if (is_missing(node, row.header.updated)) {
        problem_(edge + ": there is no record `" + node + "`, which the rule `" + std::string(to_string(rule->second)) +
                 "` of its type wants");
      }
    }
  }

  /// A node that named no collection when the edge was made was not checked then.
  bool is_missing(const std::string& node, Time made) {
    const auto record = model::node_record(node);
    const CollectionDefinition* collection = record ? view_.catalogue().find(record->collection) : nullptr;
    if (!collection || made <= created(*collection)) return false;
    return !view_.reader().get({collection->records(), record->key});
  }

  Time created(const CollectionDefinition& collection) {
    const auto [found, fresh] = created_.try_emplace(collection.id);
    if (fresh) {
      const auto row = view_.reader().get({commit::catalogue_space, collection.name});
      if (row) found->second = codec::decode_record({commit::catalogue_space, collection.name}, *row).header.created;
    }
    return found->second;
  }

  commit::View& view_;
  const Problem& problem_;
  model::EdgeRules rules_;
  std::map<std::uint32_t, Time> created_;
};

}  // namespace

void verify_graph(commit::View& view, const Problem& problem) { GraphVerification(view, problem).run(); }

}  // namespace strata::operate
