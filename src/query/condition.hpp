// What a standing query asks of a record besides its filter: to be alike a vector, to have words. Judged one record at
// a time, exactly as a search judges its hits.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commit/source.hpp"
#include "strata/search.hpp"
#include "view/text/text_condition.hpp"
#include "view/vector/target.hpp"

namespace strata::query {

/// One thread at a time.
class Condition {
 public:
  /// `invalid_argument` when it asks for what no record can be judged by: a near without a similarity, no target.
  Condition(std::string collection, std::optional<Near> near, std::optional<TextMatch> text);

  bool asks_for_vector() const { return near_.has_value(); }

  /// Takes up the declarations of a state. The first time the collection must be there, and what the vector is to be
  /// like is read; later a collection that is gone leaves nothing to judge. `not_found`, `invalid_argument`, as a
  /// search. A field that was not named is the same one from then on, whatever else is declared.
  void resolve(commit::Source& source);

  /// The vectors that are compared with; nothing without a near, or while the collection is gone.
  std::optional<engine::Space> vectors() const { return vectors_; }

  struct Verdict {
    bool meets = false;
    std::optional<double> similarity{};  ///< Where it meets, and there is a near.
  };
  /// Of the record's value, and of its vector as the source has it. Requires: resolve() with this state's declarations.
  Verdict judge(commit::Source& source, std::string_view key, ValueView value);

  /// Appends what tells one condition from another; nothing where there is none. Requires: resolve().
  void append_identity(Bytes& out) const;

 private:
  std::optional<double> similarity_of(commit::Source& source, std::string_view key);

  std::string collection_;
  std::optional<Near> near_;
  std::optional<TextMatch> text_;

  bool resolved_ = false;
  VectorOptions vector_options_;
  std::string vectors_name_;
  std::optional<engine::Space> vectors_;
  std::optional<std::vector<float>> alike_;  ///< What the record in near_->like had when this was first resolved.
  std::optional<view::Target> target_;
  std::vector<std::byte> row_;
  TextOptions text_options_;
  std::optional<view::TextCondition> words_;
};

}  // namespace strata::query
