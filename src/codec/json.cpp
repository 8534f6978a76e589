#include "codec/json.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include "codec/message_pack.hpp"
#include "codec/value_utf8.hpp"
#include "strata/error.hpp"

namespace strata::codec {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

// The double nearest to a JSON number; nothing when it is too large. std::from_chars does not tell too large from too
// small, which is 0.
std::optional<double> parse_double(std::string_view text) {
  double content = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), content);
  if (error == std::errc()) return content;
  const bool negative = text.front() == '-';
  const std::size_t mark = text.find_first_of("eE");
  const std::string_view digits =
      text.substr(negative ? 1 : 0, mark == std::string_view::npos ? mark : mark - negative);
  const std::size_t first = digits.find_first_of("123456789");
  if (first == std::string_view::npos) return negative ? -0.0 : 0.0;
  // The reader has refused positive exponents that are too large for a double, so these are far from any overflow.
  const auto point = static_cast<long>(std::min(digits.find('.'), digits.size()));
  long exponent = point - static_cast<long>(first);
  if (mark != std::string_view::npos) {
    const char* from = text.data() + mark + 1 + (text[mark + 1] == '+' ? 1 : 0);
    long written = 0;
    if (std::from_chars(from, text.data() + text.size(), written).ec != std::errc()) return negative ? -0.0 : 0.0;
    exponent += written;
  }
  if (exponent > 0) return std::nullopt;
  return negative ? -0.0 : 0.0;
}

// Receives what the reader finds and appends it as MessagePack. An array's or object's head is completed at its end,
// when its length is known.
class Encoder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Encoder> {
 public:
  using Size = rapidjson::SizeType;

  explicit Encoder(Bytes& out) : out_(out) {}

  /// Why parsing was stopped from here; empty when it was not.
  const std::string& reason() const { return reason_; }

  bool Null() {
    out_ += encoded_null;
    return true;
  }
  bool Bool(bool content) {
    append_bool(out_, content);
    return true;
  }
  bool RawNumber(const char* text, Size size, bool) {
    const char* end = text + size;
    if (*text == '-') {
      std::int64_t content = 0;
      const auto parsed = std::from_chars(text, end, content);
      if (parsed.ptr == end && parsed.ec == std::errc()) {
        append_int(out_, content);
        return true;
      }
    } else {
      std::uint64_t content = 0;
      const auto parsed = std::from_chars(text, end, content);
      if (parsed.ptr == end && parsed.ec == std::errc()) {
        append_uint(out_, content);
        return true;
      }
    }
    const std::optional<double> content = parse_double({text, size});
    if (!content) return stop("the number is too large for a double");
    append_double(out_, *content);
    return true;
  }
  bool String(const char* text, Size size, bool) {
    const std::string_view content(text, size);
    if (!is_utf8(content)) return stop("the string is not valid UTF-8");
    append_string(out_, content);
    return true;
  }
  bool Key(const char* text, Size size, bool) {
    const std::string_view name(text, size);
    if (!is_utf8(name)) return stop("the name is not valid UTF-8");
    append_string(out_, name);
    // In place parsing leaves the name where it is until the end.
    names_.push_back(name);
    return true;
  }
  bool StartObject() { return start(); }
  bool EndObject(Size members) {
    const std::span<const std::string_view> all(names_);
    const std::span<const std::string_view> own = all.subspan(all.size() - members);
    const std::string_view repeated = repeated_name(own);
    if (repeated.data() != nullptr)
      return stop("the name \"" + std::string(repeated) + "\" stands twice in one object");
    names_.resize(names_.size() - members);
    return end(ValueType::object, members);
  }
  bool StartArray() { return start(); }
  bool EndArray(Size elements) { return end(ValueType::array, elements); }

 private:
  bool start() {
    if (starts_.size() == value_depth_max) {
      return stop("it nests deeper than " + std::to_string(value_depth_max) + " levels");
    }
    starts_.push_back(out_.size());
    out_ += '\0';
    return true;
  }
  bool end(ValueType type, std::size_t length) {
    complete_head(out_, starts_.back(), type, length);
    starts_.pop_back();
    return true;
  }
  bool stop(std::string reason) {
    reason_ = std::move(reason);
    return false;
  }

  Bytes& out_;
  std::vector<std::size_t> starts_;
  std::vector<std::string_view> names_;
  std::string reason_;
};

[[noreturn]] void fail_json(std::string_view json, std::size_t offset, const std::string& reason) {
  const std::string_view before = json.substr(0, offset);
  std::size_t line = 1;
  std::size_t column = 1;
  for (char c : before) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
      ++column;
    }
  }
  throw Error(ErrorCode::invalid_argument,
              "not JSON at line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + reason);
}

std::string reason_of(rapidjson::ParseErrorCode code) {
  std::string reason = rapidjson::GetParseError_En(code);
  if (!reason.empty() && reason.back() == '.') reason.pop_back();
  return reason;
}

class Printer {
 public:
  Printer(std::string& out, bool pretty) : out_(out), pretty_(pretty) {}

  void print(ValueView value, std::size_t level = 0) {
    switch (value.type()) {
      case ValueType::missing:
      case ValueType::null:
        out_ += "null";
        return;
      case ValueType::boolean:
        out_ += value.as_bool() ? "true" : "false";
        return;
      case ValueType::integer:
      case ValueType::number:
        print_number(read_number(value.encoded()));
        return;
      case ValueType::string:
        print_string(value.as_string());
        return;
      case ValueType::array:
        print_nested(value, level, '[', ']');
        return;
      case ValueType::object:
        print_nested(value, level, '{', '}');
        return;
    }
  }

 private:
  void print_nested(ValueView value, std::size_t level, char opening, char closing) {
    if (level == value_depth_max) fail_encoded("it nests too deep");
    out_ += opening;
    bool first = true;
    for (const ValueView::Member& member : value) {
      if (!first) out_ += ',';
      first = false;
      break_line(level + 1);
      if (opening == '{') {
        print_string(member.name);
        out_ += pretty_ ? ": " : ":";
      }
      print(member.value, level + 1);
    }
    if (!first) break_line(level);
    out_ += closing;
  }

  void print_number(const Number& number) {
    char text[32];
    char* end = text;
    if (number.kind == Number::Kind::natural) end = std::to_chars(text, text + sizeof text, number.natural).ptr;
    if (number.kind == Number::Kind::negative) end = std::to_chars(text, text + sizeof text, number.negative).ptr;
    if (number.kind == Number::Kind::real) {
      if (!std::isfinite(number.real)) fail_encoded("a number is not finite");
      end = std::to_chars(text, text + sizeof text, number.real).ptr;
      // Without point and exponent it would read back as an integer.
      if (std::string_view(text, static_cast<std::size_t>(end - text)).find_first_of(".e") == std::string_view::npos) {
        *end++ = '.';
        *end++ = '0';
      }
    }
    out_.append(text, end);
  }

  void print_string(std::string_view content) {
    out_ += '"';
    std::size_t copied = 0;
    for (std::size_t i = 0; i < content.size(); ++i) {
      const auto c = static_cast<unsigned char>(content[i]);
      if (c >= 0x20 && c != '"' && c != '\\') continue;
      out_ += content.substr(copied, i - copied);
      copied = i + 1;
      print_escape(c);
    }
    out_ += content.substr(copied);
    out_ += '"';
  }

  void print_escape(unsigned char c) {
    constexpr char digits[] = "0123456789abcdef";
    out_ += '\\';
    switch (c) {
      case '"':
      case '\\':
        out_ += static_cast<char>(c);
        return;
      case '\b':
        out_ += 'b';
        return;
      case '\f':
        out_ += 'f';
        return;
      case '\n':
        out_ += 'n';
        return;
      case '\r':
        out_ += 'r';
        return;
      case '\t':
        out_ += 't';
        return;
      default:
        break;
    }
    out_ += "u00";
    out_ += digits[c >> 4];
    out_ += digits[c & 15];
  }

  void break_line(std::size_t level) {
    if (!pretty_) return;
    out_ += '\n';
    out_.append(2 * level, ' ');
  }

  std::string& out_;
  bool pretty_;
};

}  // namespace

Bytes encode_json(std::string_view json) {
  if (json.size() > std::numeric_limits<rapidjson::SizeType>::max()) {
    throw Error(ErrorCode::limit_exceeded, "JSON text has more than 4294967295 bytes; split it");
  }
  const std::size_t skipped = json.substr(0, byte_order_mark.size()) == byte_order_mark ? byte_order_mark.size() : 0;
  // Parsed in place, in a copy: strings need no buffer of their own. Numbers come as text, since std::from_chars rounds
  // correctly where the reader's own conversion is off by one bit at times.
  std::string text(json.substr(skipped));
  constexpr unsigned flags = rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag |
                             rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseStopWhenDoneFlag;
  rapidjson::InsituStringStream stream(text.data());
  rapidjson::Reader reader;
  Bytes out;
  out.reserve(text.size());
  Encoder encoder(out);
  const rapidjson::ParseResult result = reader.Parse<flags>(stream, encoder);
  if (result.IsError()) {
    fail_json(json, skipped + result.Offset(), encoder.reason().empty() ? reason_of(result.Code()) : encoder.reason());
  }
  rapidjson::SkipWhitespace(stream);
  // Counted rather than looking for the terminator, for a zero byte may stand in the text.
  if (stream.Tell() != text.size()) fail_json(json, skipped + stream.Tell(), "more follows after the value");
  return out;
}

void append_json(std::string& out, ValueView value) { Printer(out, false).print(value); }
void append_pretty_json(std::string& out, ValueView value) { Printer(out, true).print(value); }

}  // namespace strata::codec
