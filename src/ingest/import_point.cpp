#include "ingest/import_point.hpp"

#include <zlib.h>

#include <filesystem>
#include <system_error>

#include "strata/error.hpp"
#include "strata/options.hpp"

namespace strata::ingest {
namespace {

/// A path is bytes, a key is text: what is not plain ASCII is written as %XX.
std::string as_text(std::string_view path) {
  static constexpr char hex[] = "0123456789abcdef";
  std::string text;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte < 0x7f && c != '%') {
      text += c;
    } else {
      text += {'%', hex[byte >> 4], hex[byte & 15]};
    }
  }
  return text;
}

}  // namespace

Value ImportPoint::to_value() const {
  return Value::object({{"records", records},
                        {"line", source.line},
                        {"bytes", source.bytes},
                        {"checksum", static_cast<std::uint64_t>(source.checksum)},
                        {"options", options}});
}

std::optional<ImportPoint> ImportPoint::from_value(ValueView value) {
  try {
    ImportPoint point;
    point.records = value["records"].as_uint();
    point.source = {value["line"].as_uint(), value["bytes"].as_uint(),
                    static_cast<std::uint32_t>(value["checksum"].as_uint())};
    point.options = value["options"].as_string();
    return point;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid_argument) throw;
    return std::nullopt;
  }
}

std::string import_point_key(std::string_view collection, const std::string& path) {
  std::error_code failed;
  const std::filesystem::path whole = std::filesystem::weakly_canonical(path, failed);
  const std::string text = std::string(collection) + " " + as_text(failed ? path : whole.string());
  if (text.size() <= user_key_bytes_max) return text;
  const auto* bytes = reinterpret_cast<const Bytef*>(text.data());
  const std::string mark = "#" + std::to_string(crc32_z(0, bytes, text.size()));
  // The collection's name may end in the middle of a character here, so it gives way to its escaped form.
  return as_text(text).substr(0, user_key_bytes_max - mark.size()) + mark;
}

}  // namespace strata::ingest
