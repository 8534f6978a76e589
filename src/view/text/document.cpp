#include "view/text/document.hpp"

#include "codec/hash.hpp"
#include "codec/varint.hpp"

namespace strata::view::text {
namespace {

void add_texts(std::string& column, ValueView value, std::size_t depth) {
  if (value.type() == ValueType::string) {
    if (!column.empty()) column += '\n';
    column += value.as_string();
  } else if (value.type() == ValueType::array && depth < value_depth_max) {
    for (const auto& [unused, element] : value) add_texts(column, element, depth + 1);
  }
}

}  // namespace

Document document_of(ValueView record, const TextOptions& options) {
  Document document;
  Bytes lengths;
  Bytes all;
  for (const std::string& path : options.fields) {
    std::string& column = document.columns.emplace_back();
    add_texts(column, record.at(path), 0);
    codec::append_varint(lengths, column.size());
    all += column;
    document.empty = document.empty && column.empty();
  }
  document.hash = codec::hash64({lengths, all});
  return document;
}

}  // namespace strata::view::text
