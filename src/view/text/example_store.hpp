// For tests: a store without its public classes, and what a text index should say about it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "commit/transaction.hpp"
#include "commit/trunk.hpp"
#include "engine/memory/memory_engine.hpp"
#include "model/record.hpp"
#include "platform/clock.hpp"
#include "platform/random.hpp"
#include "view/text/text_index.hpp"

namespace strata::view {

class ExampleStore {
 public:
  explicit ExampleStore(std::unique_ptr<engine::Engine> engine, OpenOptions options = {}) {
    const auto deadline = platform::steady_now() + std::chrono::seconds(20);
    if (!commit::Trunk::read_head(*engine)) {
      commit::Trunk::create(*engine, {platform::make_uuid(), 7}, deadline);
    }
    options.background = false;
    trunk_ = commit::Trunk::open(std::move(engine), options, {});
  }
  static ExampleStore in_memory(OpenOptions options = {}) {
    engine::register_memory_engine();
    return ExampleStore(engine::open_engine("memory", {}), options);
  }

  commit::Trunk& trunk() { return *trunk_; }
  std::unique_ptr<commit::View> view() { return trunk_->view(); }
  OpenView opener() {
    return [trunk = trunk_] { return trunk->view(); };
  }
  std::unique_ptr<commit::Transaction> begin() {
    return std::make_unique<commit::Transaction>(trunk_->view(), platform::make_uuid(), platform::clock().now(),
                                                 commit::Transaction::Tracking::footprint);
  }
  Position commit(std::unique_ptr<commit::Transaction> transaction) {
    return trunk_->commit(transaction->take_request(), trunk_->deadline({})).position;
  }
  Position put(const std::string& key, const Value& value, const PutOptions& options = {}) {
    auto transaction = begin();
    model::put_record(*transaction, "notes", key, value, options);
    return commit(std::move(transaction));
  }
  Position put(const std::string& key, const char* title, const char* body = nullptr) {
    return put(key, body ? Value::object({{"title", title}, {"body", body}}) : Value::object({{"title", title}}));
  }
  Position erase(const std::string& key) {
    auto transaction = begin();
    model::erase_record(*transaction, "notes", key, {});
    return commit(std::move(transaction));
  }
  /// Drops everything that the log says up to the present state.
  void trim_log() {
    trunk_->exclusive(trunk_->deadline({}), Durability::sync, [](commit::Writer& writer) {
      writer.note_written();
      const Bytes end = codec::log_key(Position{writer.head().position.value + 1}, 0);
      writer.transaction().erase_range({commit::log_space, {}, end});
      writer.head().log_base = writer.head().position;
    });
  }

 private:
  std::shared_ptr<commit::Trunk> trunk_;
};

inline std::vector<std::string> keys_of(const std::vector<TextHit>& hits) {
  std::vector<std::string> keys;
  keys.reserve(hits.size());
  for (const TextHit& hit : hits) keys.push_back(hit.key);
  return keys;
}

/// Records of words in lower case with single spaces, searched one by one.
class NaiveTexts {
 public:
  struct Row {
    Version version;
    std::vector<std::string> columns;
  };
  struct Term {
    char sign = 0;
    std::vector<std::string> words{};
    bool prefix = false;
  };
  using Rows = std::map<std::string, Row>;

  static std::vector<std::string> words_of(const std::string& text) {
    std::vector<std::string> words;
    std::string word;
    for (const char c : text + " ") {
      if (c != ' ') {
        word += c;
      } else if (!word.empty()) {
        words.push_back(std::move(word));
        word.clear();
      }
    }
    return words;
  }

  static std::size_t count(const Row& row, const Term& term) {
    std::size_t found = 0;
    for (const std::string& column : row.columns) {
      const auto words = words_of(column);
      for (std::size_t at = 0; at + term.words.size() <= words.size(); ++at) {
        bool same = true;
        for (std::size_t i = 0; i < term.words.size() && same; ++i) {
          const bool begins = term.prefix && i + 1 == term.words.size();
          same = begins ? words[at + i].starts_with(term.words[i]) : words[at + i] == term.words[i];
        }
        found += same ? 1 : 0;
      }
    }
    return found;
  }

  static std::vector<TextHit> search(const Rows& rows, const std::vector<Term>& terms) {
    double count_of_rows = 0, tokens = 0;
    std::vector<double> with(terms.size(), 0);
    for (const auto& [key, row] : rows) {
      const double length = length_of(row);
      if (length == 0) continue;
      count_of_rows += 1;
      tokens += length;
      for (std::size_t i = 0; i < terms.size(); ++i) with[i] += count(row, terms[i]) > 0 ? 1 : 0;
    }
    std::vector<TextHit> hits;
    for (const auto& [key, row] : rows) {
      if (!matches(row, terms)) continue;
      double score = 0;
      for (std::size_t i = 0; i < terms.size(); ++i) {
        if (terms[i].sign == '-') continue;
        const double idf = std::max(1e-6, std::log((count_of_rows - with[i] + 0.5) / (with[i] + 0.5)));
        const auto frequency = static_cast<double>(count(row, terms[i]));
        score += idf * frequency * 2.2 / (frequency + 1.2 * (0.25 + 0.75 * length_of(row) * count_of_rows / tokens));
      }
      hits.push_back({key, row.version, score});
    }
    return hits;
  }

  static std::string query_of(const std::vector<Term>& terms) {
    std::string query;
    for (const Term& term : terms) {
      if (!query.empty()) query += ' ';
      if (term.sign != 0) query += term.sign;
      if (term.words.size() > 1) query += '"';
      for (std::size_t i = 0; i < term.words.size(); ++i) query += (i > 0 ? " " : "") + term.words[i];
      if (term.words.size() > 1) query += '"';
      if (term.prefix) query += '*';
    }
    return query;
  }

 private:
  static double length_of(const Row& row) {
    std::size_t length = 0;
    for (const std::string& column : row.columns) length += words_of(column).size();
    return static_cast<double>(length);
  }
  static bool matches(const Row& row, const std::vector<Term>& terms) {
    bool any = false, has_must = false;
    for (const Term& term : terms) {
      const bool there = count(row, term) > 0;
      if (term.sign == '-' && there) return false;
      if (term.sign == '+' && !there) return false;
      has_must = has_must || term.sign == '+';
      any = any || (term.sign == 0 && there);
    }
    return any || has_must;
  }
};

}  // namespace strata::view
