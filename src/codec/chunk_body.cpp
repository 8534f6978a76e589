#include "codec/chunk_body.hpp"

#include "base/base64.hpp"
#include "codec/dictionary.hpp"
#include "codec/message_pack.hpp"
#include "codec/value_utf8.hpp"
#include "strata/error.hpp"

namespace strata::codec {
namespace {

constexpr std::string_view text = "text", latin1 = "latin1", base64 = "base64";

Bytes as_latin1(bytes_view content) {
  Bytes out;
  out.reserve(content.size() + content.size() / 2);
  for (const char one : content) {
    const auto byte = static_cast<unsigned char>(one);
    if (byte < 0x80) {
      out.push_back(one);
    } else {
      out.push_back(static_cast<char>(0xc0 | byte >> 6));
      out.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
    }
  }
  return out;
}

[[noreturn]] void damaged(const char* what) {
  throw Error(ErrorCode::corruption, std::string("the chunk holds no bytes (") + what + "); run `strata verify`");
}

void append_from_latin1(Bytes& out, std::string_view in) {
  out.reserve(out.size() + in.size());
  for (std::size_t at = 0; at < in.size(); ++at) {
    const auto lead = static_cast<unsigned char>(in[at]);
    if (lead < 0x80) {
      out.push_back(in[at]);
      continue;
    }
    if ((lead != 0xc2 && lead != 0xc3) || at + 1 == in.size()) damaged("a character beyond U+00FF");
    out.push_back(static_cast<char>((lead & 3) << 6 | (static_cast<unsigned char>(in[++at]) & 0x3f)));
  }
}

}  // namespace

void append_chunk_member(Bytes& out, bytes_view content) {
  if (is_utf8(content)) {
    append_string(out, text);
    append_string(out, content);
    return;
  }
  // Base64 of bytes without pattern compresses to little more than those bytes: latin1 has to do better than that.
  const Bytes characters = as_latin1(content);
  if (const auto compressed = compress_alone(characters); compressed && compressed->size() < content.size()) {
    append_string(out, latin1);
    append_string(out, characters);
    return;
  }
  Bytes encoded;
  base::append_base64(encoded, content);
  append_string(out, base64);
  append_string(out, encoded);
}

Bytes encode_chunk(bytes_view content) {
  Bytes out;
  out.reserve(content.size() + 16);
  append_object_head(out, 1);
  append_chunk_member(out, content);
  return out;
}

bool holds_chunk(ValueView value) { return value[text] || value[latin1] || value[base64]; }

void decode_chunk(ValueView value, Bytes& out) {
  if (const ValueView found = value[text]; found.type() == ValueType::string) {
    out.append(found.as_string());
  } else if (const ValueView characters = value[latin1]; characters.type() == ValueType::string) {
    append_from_latin1(out, characters.as_string());
  } else if (const ValueView encoded = value[base64]; encoded.type() == ValueType::string) {
    const auto bytes = base::from_base64(encoded.as_string());
    if (!bytes) damaged("malformed base64");
    out.append(*bytes);
  } else {
    damaged("another value");
  }
}

}  // namespace strata::codec
