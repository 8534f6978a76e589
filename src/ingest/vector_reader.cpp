#include "ingest/vector_reader.hpp"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

namespace strata::ingest {
namespace {

static_assert(std::endian::native == std::endian::little, "these files are little-endian");

constexpr std::string_view magic("\x93NUMPY", 6);
constexpr std::size_t head_bytes_max = std::size_t{1} << 20;
constexpr std::size_t columns_max = 1 << 20;

template <class Number>
Number number_at(std::string_view bytes, std::size_t offset) {
  Number number;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

/// What stands behind `'name':` in the head, a Python dictionary.
std::string_view entry_of(std::string_view head, std::string_view name) {
  const std::size_t at = head.find("'" + std::string(name) + "'");
  if (at == std::string_view::npos) return {};
  const std::size_t colon = head.find(':', at);
  if (colon == std::string_view::npos) return {};
  head.remove_prefix(colon + 1);
  head.remove_prefix(std::min(head.find_first_not_of(' '), head.size()));
  return head;
}

std::size_t take_number(std::string_view& text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return 0;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

}  // namespace

VectorReader::VectorReader(LineSource& source, Format format, const ReaderOptions& options)
    : source_(source), format_(format), field_(options.vector_field), own_keys_(options.own_keys) {
  if (format_ == Format::npy) read_head();
}

void VectorReader::fail(const std::string& why) const { throw BadLine(source_.name(), number_ + 1, why); }

void VectorReader::read_head() {
  std::string_view bytes;
  if (!source_.next_bytes(10, bytes) || bytes.size() < 10 || !bytes.starts_with(magic)) fail("this is no .npy file");
  const bool is_long = bytes[6] >= 2;
  std::size_t size = number_at<std::uint16_t>(bytes, 8);
  if (is_long) {
    const std::string low(bytes.substr(8, 2));
    if (!source_.next_bytes(2, bytes) || bytes.size() < 2) fail("the head is cut off");
    size = number_at<std::uint32_t>(low + std::string(bytes), 0);
  }
  if (size > head_bytes_max || !source_.next_bytes(size, bytes) || bytes.size() < size) fail("the head is cut off");
  const std::string head(bytes);
  const std::string_view type = entry_of(head, "descr");
  if (type.starts_with("'<f8'")) {
    element_bytes_ = 8;
  } else if (!type.starts_with("'<f4'")) {
    fail("its elements are " + std::string(type.substr(0, type.find(','))) +
         "; save it as float32 or float64: numpy.save(file, vectors.astype('float32'))");
  }
  if (!entry_of(head, "fortran_order").starts_with("False"))
    fail("it lies column by column; save numpy.ascontiguousarray(vectors)");
  std::string_view shape = entry_of(head, "shape");
  if (shape.empty() || shape.front() != '(') fail("its shape is missing");
  shape.remove_prefix(1);
  rows_ = take_number(shape);
  if (shape.starts_with(", ")) {
    shape.remove_prefix(2);
    columns_ = take_number(shape);
  }
  if (columns_ == 0 || columns_ > columns_max || !shape.starts_with(")"))
    fail("it is no matrix with a vector in each row");
}

std::optional<Item> VectorReader::next() {
  std::string_view bytes;
  if (format_ == Format::npy && number_ == rows_) {
    if (source_.next_bytes(1, bytes)) fail("there is more behind the last vector that the head announces");
    return std::nullopt;
  }
  if (format_ == Format::fvecs) {
    if (!source_.next_bytes(4, bytes)) return std::nullopt;
    if (bytes.size() < 4) fail("the file is cut off");
    const auto length = number_at<std::int32_t>(bytes, 0);
    if (length <= 0 || static_cast<std::size_t>(length) > columns_max)
      fail("a vector of " + std::to_string(length) + " elements is announced: this is no .fvecs file, or damaged");
    columns_ = static_cast<std::size_t>(length);
  }
  const std::size_t row_bytes = columns_ * element_bytes_;
  if (!source_.next_bytes(row_bytes, bytes) || bytes.size() < row_bytes) fail("the file is cut off");
  std::vector<Value> elements;
  elements.reserve(columns_);
  for (std::size_t i = 0; i < columns_; ++i) {
    const double element =
        element_bytes_ == 8 ? number_at<double>(bytes, i * 8) : static_cast<double>(number_at<float>(bytes, i * 4));
    if (!std::isfinite(element)) {
      ++number_;
      throw BadLine(source_.name(), number_, "element " + std::to_string(i) + " is not a finite number");
    }
    elements.emplace_back(element);
  }
  Item item;
  item.value = Value::object();
  item.value.set(field_, Value::array(elements));
  if (own_keys_) {
    char key[24];
    std::snprintf(key, sizeof key, "%010zu", number_);
    item.key = key;
  }
  item.line = ++number_;
  return item;
}

}  // namespace strata::ingest
