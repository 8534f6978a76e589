#include "filter/text_pattern.hpp"

#include "strata/error.hpp"

namespace strata::filter {

TextPattern::TextPattern(std::string_view pattern) : text_(pattern) {
  if (pattern.size() > pattern_bytes_max) {
    throw Error(ErrorCode::limit_exceeded, "the pattern has " + std::to_string(pattern.size()) +
                                               " bytes; pattern_bytes_max is " + std::to_string(pattern_bytes_max));
  }
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '%') {
      if (items_.empty() || items_.back() != many) items_.push_back(many);
      continue;
    }
    if (pattern[i] == '_') {
      items_.push_back(one);
      continue;
    }
    if (pattern[i] == '\\' && ++i == pattern.size()) {
      throw Error(ErrorCode::invalid_argument, "the pattern ends in a lone \\; write \\\\ for the character itself");
    }
    if (prefix_.size() == items_.size()) prefix_ += pattern[i];
    items_.push_back(static_cast<unsigned char>(pattern[i]));
  }
  prefix_items_ = prefix_.size();
}

bool TextPattern::matches(std::string_view text) const {
  const auto character_end = [&](std::size_t i) {
    ++i;
    while (i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) ++i;
    return i;
  };
  // Only the last % seen can need another try: what an earlier one took, the later one could take as well.
  bool seen_many = false;
  std::size_t many_item = 0;
  std::size_t many_text = 0;
  std::size_t item = 0;
  std::size_t place = 0;
  while (place < text.size()) {
    if (item < items_.size() && items_[item] == many) {
      seen_many = true;
      many_item = ++item;
      many_text = place;
    } else if (item < items_.size() && items_[item] == one) {
      ++item;
      place = character_end(place);
    } else if (item < items_.size() && items_[item] == static_cast<unsigned char>(text[place])) {
      ++item;
      ++place;
    } else if (seen_many) {
      item = many_item;
      many_text = character_end(many_text);
      place = many_text;
    } else {
      return false;
    }
  }
  while (item < items_.size() && items_[item] == many) ++item;
  return item == items_.size();
}

}  // namespace strata::filter
