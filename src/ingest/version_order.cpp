#include "ingest/version_order.hpp"

#include <algorithm>

namespace strata::ingest {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Weight of a character outside numbers: `~` before the end, the end before letters, letters before the rest.
int weight(std::string_view text) {
  if (text.empty() || is_digit(text[0])) return 0;
  if (text[0] == '~') return -1;
  const int code = static_cast<unsigned char>(text[0]);
  return is_letter(text[0]) ? code : code + 256;
}

std::string_view take_number(std::string_view& text) {
  const std::size_t end = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  std::string_view number = text.substr(0, end);
  text.remove_prefix(end);
  number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
  return number;
}

std::strong_ordering compare_numbers(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

/// Runs of other characters and of digits in turn.
std::strong_ordering compare_parts(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    while ((!a.empty() && !is_digit(a[0])) || (!b.empty() && !is_digit(b[0]))) {
      if (const auto order = weight(a) <=> weight(b); order != 0) return order;
      a.remove_prefix(std::min<std::size_t>(1, a.size()));
      b.remove_prefix(std::min<std::size_t>(1, b.size()));
    }
    const std::string_view a_number = take_number(a);
    const std::string_view b_number = take_number(b);
    if (const auto order = compare_numbers(a_number, b_number); order != 0) return order;
  }
  return std::strong_ordering::equal;
}

struct Version {
  std::string_view epoch;
  std::string_view upstream;
  std::string_view revision;
};

Version split(std::string_view text) {
  Version version;
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    version.epoch = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  const std::size_t dash = text.rfind('-');
  version.upstream = text.substr(0, dash);
  if (dash != std::string_view::npos) version.revision = text.substr(dash + 1);
  return version;
}

}  // namespace

std::strong_ordering compare_versions(std::string_view a, std::string_view b) {
  const Version first = split(a);
  const Version second = split(b);
  if (const auto order = compare_parts(first.epoch, second.epoch); order != 0) return order;
  if (const auto order = compare_parts(first.upstream, second.upstream); order != 0) return order;
  return compare_parts(first.revision, second.revision);
}

}  // namespace strata::ingest
