#include "view/vector/vector_segment.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "strata/error.hpp"

namespace strata::view {
namespace {

static_assert(std::endian::native == std::endian::little, "segments are written as the processor has them");

constexpr std::uint64_t magic = 0x3167657363657673;  // "svecseg1"
constexpr std::size_t alignment = 64;

struct Footer {
  std::uint64_t magic = view::magic;
  std::uint32_t dimension = 0;
  std::uint8_t metric = 0;
  std::uint8_t type = 0;
  std::uint8_t index = 0;
  std::uint8_t unused = 0;
  std::uint64_t count = 0;
  std::uint64_t versions = 0;  // offsets
  std::uint64_t key_ends = 0;
  std::uint64_t keys = 0;
  std::uint64_t keys_bytes = 0;
  std::uint64_t over = 0;  // the graph or the lists
  std::uint64_t over_bytes = 0;
};

[[noreturn]] void fail(const char* why) {
  throw Error(ErrorCode::corruption, std::string("a segment of a vector index: ") + why);
}

bool lies_within(std::uint64_t offset, std::uint64_t bytes, std::uint64_t size) {
  return offset <= size && bytes <= size - offset;
}

template <class Word>
Word word_at(const char* words, std::size_t index) {
  Word word;
  std::memcpy(&word, words + index * sizeof word, sizeof word);
  return word;
}

template <class Word>
bytes_view bytes_of(const std::vector<Word>& words) {
  return {reinterpret_cast<const char*>(words.data()), words.size() * sizeof(Word)};
}

Footer footer_of(bytes_view content, const RowShape& shape) {
  Footer footer;
  if (content.size() < sizeof footer) fail("it is cut off");
  std::memcpy(&footer, content.data() + content.size() - sizeof footer, sizeof footer);
  if (footer.magic != magic) fail("it is none");
  const RowShape stored{static_cast<Metric>(footer.metric), static_cast<ElementType>(footer.type), footer.dimension};
  if (!(stored == shape)) fail("it is of another shape than the field");
  const std::uint64_t size = content.size() - sizeof footer;
  if (footer.count > rows_max) fail("it has too many rows");
  if (!lies_within(0, footer.count * row_bytes(shape), size) ||
      !lies_within(footer.versions, footer.count * sizeof(std::uint64_t), size) ||
      !lies_within(footer.key_ends, footer.count * sizeof(std::uint32_t), size) ||
      !lies_within(footer.keys, footer.keys_bytes, size) || !lies_within(footer.over, footer.over_bytes, size))
    fail("a part of it lies outside");
  return footer;
}

}  // namespace

VectorSegment::VectorSegment(std::shared_ptr<const follow::SegmentContent> content, const RowShape& shape)
    : content_(std::move(content)) {
  const bytes_view bytes = content_->bytes();
  const Footer footer = footer_of(bytes, shape);
  rows_ = Rows(shape, reinterpret_cast<const std::byte*>(bytes.data()), footer.count);
  versions_ = bytes.data() + footer.versions;
  key_ends_ = bytes.data() + footer.key_ends;
  keys_ = bytes.substr(footer.keys, footer.keys_bytes);
  const std::span<const std::byte> over(reinterpret_cast<const std::byte*>(bytes.data() + footer.over),
                                        footer.over_bytes);
  if (footer.index == static_cast<std::uint8_t>(SegmentIndex::graph)) graph_ = std::make_unique<Graph>(rows_, over);
  if (footer.index == static_cast<std::uint8_t>(SegmentIndex::lists)) lists_ = std::make_unique<Lists>(rows_, over);
}

std::string_view VectorSegment::key(std::uint32_t row) const {
  const std::uint32_t begin = row == 0 ? 0 : word_at<std::uint32_t>(key_ends_, row - 1);
  const std::uint32_t end = word_at<std::uint32_t>(key_ends_, row);
  if (begin > end || end > keys_.size()) fail("a key lies outside");
  return keys_.substr(begin, end - begin);
}

Version VectorSegment::version(std::uint32_t row) const { return Version{word_at<std::uint64_t>(versions_, row)}; }

std::optional<std::uint32_t> VectorSegment::find(std::string_view key) const {
  std::uint32_t begin = 0;
  auto end = static_cast<std::uint32_t>(count());
  while (begin < end) {
    const std::uint32_t middle = begin + (end - begin) / 2;
    const int order = this->key(middle).compare(key);
    if (order == 0) return middle;
    if (order < 0) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return std::nullopt;
}

VectorSegmentWriter::VectorSegmentWriter(follow::SegmentDirectory::Draft& draft, const RowShape& shape)
    : draft_(draft), shape_(shape), row_bytes_(row_bytes(shape)) {}

void VectorSegmentWriter::add(std::string_view key, Version version, const std::byte* row) {
  if (keys_.size() + key.size() > std::numeric_limits<std::uint32_t>::max() || versions_.size() >= rows_max)
    throw Error(ErrorCode::limit_exceeded, "a segment of a vector index has more than 4 GiB of keys");
  draft_.append({reinterpret_cast<const char*>(row), row_bytes_});
  keys_.append(key);
  key_ends_.push_back(static_cast<std::uint32_t>(keys_.size()));
  versions_.push_back(version.value);
}

void VectorSegmentWriter::align() {
  static constexpr std::array<char, alignment> zeros{};
  if (const std::size_t over = draft_.size() % alignment; over != 0) draft_.append({zeros.data(), alignment - over});
}

bool VectorSegmentWriter::end(const SegmentIndexOptions& options) {
  std::optional<std::vector<std::byte>> over(std::in_place);
  {
    const Rows rows(shape_, reinterpret_cast<const std::byte*>(draft_.content().data()), count());
    if (options.index == SegmentIndex::graph) over = build_graph(rows, options.graph);
    if (options.index == SegmentIndex::lists) over = build_lists(rows, options.lists);
  }
  if (!over) return false;
  Footer footer;
  footer.dimension = static_cast<std::uint32_t>(shape_.dimension);
  footer.metric = static_cast<std::uint8_t>(shape_.metric);
  footer.type = static_cast<std::uint8_t>(shape_.type);
  footer.index = static_cast<std::uint8_t>(options.index);
  footer.count = count();
  align();
  footer.versions = draft_.size();
  draft_.append(bytes_of(versions_));
  align();
  footer.key_ends = draft_.size();
  draft_.append(bytes_of(key_ends_));
  align();
  footer.keys = draft_.size();
  footer.keys_bytes = keys_.size();
  draft_.append(keys_);
  align();
  footer.over = draft_.size();
  footer.over_bytes = over->size();
  draft_.append({reinterpret_cast<const char*>(over->data()), over->size()});
  align();
  draft_.append({reinterpret_cast<const char*>(&footer), sizeof footer});
  return true;
}

}  // namespace strata::view
