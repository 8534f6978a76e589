#include "query/sort_key.hpp"

#include "codec/hash.hpp"
#include "codec/ordered.hpp"
#include "codec/varint.hpp"
#include "strata/error.hpp"

namespace strata::query {
namespace {

bool declared_as_time(const commit::CollectionDefinition& collection, const std::string& path) {
  for (const commit::IndexDefinition& index : collection.indexes) {
    for (const IndexField& field : index.options.fields) {
      if (field.path == path && field.time) return true;
    }
  }
  return false;
}

Bytes encoded(ValueView value, bool time) {
  Bytes out;
  if (time) {
    if (const auto moment = filter::time_of(value)) {
      codec::append_ordered(out, *moment);
      return out;
    }
  }
  codec::append_ordered(out, value);
  return out;
}

Bytes encoded(Time time) {
  Bytes out;
  codec::append_ordered(out, time);
  return out;
}

Bytes encoded_field(const SortField& field, ValueView body) {
  std::optional<Bytes> best;
  const auto consider = [&](ValueView value) {
    Bytes candidate = encoded(value, field.time);
    if (!best || (field.descending ? candidate > *best : candidate < *best)) best = std::move(candidate);
  };
  field.path.any(body, [&](ValueView value) {
    if (value.type() == ValueType::array && value.size() > 0) {
      for (const auto& [unused, element] : value) consider(element);
    } else {
      consider(value);
    }
    return false;
  });
  return best ? std::move(*best) : encoded(ValueView{}, false);
}

constexpr char hex_digits[] = "0123456789abcdef";

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const char* high = std::char_traits<char>::find(hex_digits, 16, text[i]);
    const char* low = std::char_traits<char>::find(hex_digits, 16, text[i + 1]);
    if (!high || !low) return std::nullopt;
    out.push_back(static_cast<char>((high - hex_digits) << 4 | (low - hex_digits)));
  }
  return out;
}

bytes_view take_text(bytes_view& in) {
  const std::uint64_t size = codec::take_varint(in);
  if (size > in.size()) throw Error(ErrorCode::corruption, "cut short");
  const bytes_view text = in.substr(0, size);
  in.remove_prefix(size);
  return text;
}

}  // namespace

Ordering::Ordering(const std::vector<Order>& order, const commit::CollectionDefinition& collection) {
  for (const Order& one : order) {
    SortField field{filter::Path::parse(one.path), one.path, declared_as_time(collection, one.path), one.descending};
    keys_descend_ = field.descending;
    if (field.path.root() == filter::PathRoot::key) return;  // keys are unique: what follows cannot matter
    fields_.push_back(std::move(field));
  }
}

SortKey Ordering::key_of(const filter::RecordView& record) const {
  SortKey out;
  out.reserve(fields_.size());
  for (const SortField& field : fields_) {
    switch (field.path.root()) {
      case filter::PathRoot::body:
        out.push_back(encoded_field(field, record.body));
        break;
      case filter::PathRoot::created:
        out.push_back(encoded(record.created));
        break;
      case filter::PathRoot::updated:
        out.push_back(encoded(record.updated));
        break;
      case filter::PathRoot::expires:
        out.push_back(record.expires ? encoded(*record.expires) : encoded(ValueView{}, false));
        break;
      case filter::PathRoot::version:
        out.push_back(encoded(Value(record.version.value), false));
        break;
      case filter::PathRoot::key:
        break;
    }
  }
  return out;
}

bool Ordering::before(const SortKey& a, std::string_view a_key, const SortKey& b, std::string_view b_key) const {
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (a[i] == b[i]) continue;
    return (a[i] < b[i]) != fields_[i].descending;
  }
  return keys_descend_ ? a_key > b_key : a_key < b_key;
}

std::uint64_t Ordering::signature() const {
  Bytes all;
  for (const SortField& field : fields_) {
    all += field.path.to_string(true);
    all += field.descending ? '-' : '+';
  }
  all += keys_descend_ ? '-' : '+';
  return codec::hash64(all);
}

std::string encode_cursor(const Ordering& ordering, const PageEnd& end) {
  Bytes raw;
  codec::append_be64(raw, ordering.signature());
  for (const Bytes& field : end.sort_key) {
    codec::append_varint(raw, field.size());
    raw += field;
  }
  raw += end.key;
  std::string out;
  for (const char c : raw) {
    out += hex_digits[static_cast<unsigned char>(c) >> 4];
    out += hex_digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

PageEnd decode_cursor(const Ordering& ordering, std::string_view cursor) {
  const auto refuse = [](const char* why) -> PageEnd {
    throw Error(ErrorCode::invalid_argument,
                std::string("the cursor ") + why + "; give the one that the page before returned, with the same order");
  };
  const std::optional<Bytes> raw = from_hex(cursor);
  if (!raw || raw->size() < 9) return refuse("is malformed");
  bytes_view in = *raw;
  if (codec::take_be64(in) != ordering.signature()) return refuse("belongs to another order");
  PageEnd end;
  try {
    for (std::size_t i = 0; i < ordering.fields().size(); ++i) end.sort_key.emplace_back(take_text(in));
  } catch (const Error&) {
    return refuse("is malformed");
  }
  end.key = in;
  return end;
}

}  // namespace strata::query
