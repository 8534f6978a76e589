#include "follow/segment_directory.hpp"

#include <algorithm>
#include <set>

#include "codec/varint.hpp"
#include "strata/error.hpp"

namespace strata::follow {
namespace {

constexpr std::uint64_t manifest_format = 1;
constexpr std::uint64_t building_byte = 1;
constexpr std::size_t buffer_bytes = std::size_t{1} << 20;
constexpr std::string_view manifest_name = "MANIFEST";

std::uint64_t mixed(const platform::FileStamp& stamp) {
  Bytes bytes;
  for (const std::uint64_t part :
       {stamp.identity.device, stamp.identity.inode, stamp.bytes, static_cast<std::uint64_t>(stamp.changed_ns)})
    codec::append_be64(bytes, part);
  return codec::hash64(bytes) | 1;
}

void append_bytes(Bytes& out, bytes_view bytes) {
  codec::append_varint(out, bytes.size());
  out.append(bytes);
}

Bytes take_bytes(bytes_view& in) {
  const std::uint64_t size = codec::take_varint(in);
  if (size > in.size()) throw Error(ErrorCode::corruption, "a manifest is cut off");
  const Bytes bytes(in.substr(0, size));
  in.remove_prefix(size);
  return bytes;
}

Uuid take_uuid(bytes_view& in) {
  Uuid id;
  if (in.size() < id.bytes.size()) throw Error(ErrorCode::corruption, "a manifest is cut off");
  std::copy_n(in.begin(), id.bytes.size(), reinterpret_cast<char*>(id.bytes.data()));
  in.remove_prefix(id.bytes.size());
  return id;
}

SegmentEntry take_entry(bytes_view& in) {
  SegmentEntry entry;
  entry.number = codec::take_varint(in);
  entry.bytes = codec::take_varint(in);
  entry.checksum = codec::take_be64(in);
  entry.rows = codec::take_varint(in);
  entry.dead = take_bytes(in);
  if (!entry.dead.empty() && entry.dead.size() != (entry.rows + 7) / 8)
    throw Error(ErrorCode::corruption, "a manifest names another number of rows than a segment has");
  return entry;
}

void say(std::string* why, const std::string& what) {
  if (why) *why = what;
}

}  // namespace

Bytes encode_manifest(const Manifest& manifest) {
  Bytes out;
  codec::append_varint(out, manifest_format);
  out.append(manifest.point.store_id.view());
  codec::append_varint(out, manifest.point.incarnation);
  codec::append_varint(out, manifest.point.position.value);
  codec::append_hash(out, manifest.point.chain);
  codec::append_varint(out, manifest.seen.value);
  codec::append_be64(out, manifest.spec);
  codec::append_varint(out, manifest.next_number);
  codec::append_varint(out, manifest.segments.size());
  for (const SegmentEntry& entry : manifest.segments) {
    codec::append_varint(out, entry.number);
    codec::append_varint(out, entry.bytes);
    codec::append_be64(out, entry.checksum);
    codec::append_varint(out, entry.rows);
    append_bytes(out, entry.dead);
  }
  codec::append_be64(out, codec::hash64(out));
  return out;
}

Manifest decode_manifest(bytes_view bytes) {
  constexpr std::size_t checksum_bytes = 8;
  if (bytes.size() < checksum_bytes) throw Error(ErrorCode::corruption, "a manifest is cut off");
  bytes_view in = bytes.substr(0, bytes.size() - checksum_bytes);
  if (codec::read_be64(bytes.data() + in.size()) != codec::hash64(in))
    throw Error(ErrorCode::corruption, "a manifest's checksum is wrong");
  if (codec::take_varint(in) != manifest_format)
    throw Error(ErrorCode::unsupported, "a manifest is of another format than this version writes");
  Manifest manifest;
  manifest.point.store_id = take_uuid(in);
  manifest.point.incarnation = codec::take_varint(in);
  manifest.point.position = Position{codec::take_varint(in)};
  manifest.point.chain = codec::take_hash(in);
  manifest.seen = Position{codec::take_varint(in)};
  manifest.spec = codec::take_be64(in);
  manifest.next_number = codec::take_varint(in);
  for (std::uint64_t left = codec::take_varint(in); left > 0; --left) manifest.segments.push_back(take_entry(in));
  return manifest;
}

SegmentDirectory::SegmentDirectory(std::string path) : path_(std::move(path)) {}

std::string SegmentDirectory::file_of(std::uint64_t number) const {
  return platform::join(path_, std::to_string(number) + ".segment");
}

std::optional<Manifest> SegmentDirectory::manifest(std::string* why) const {
  if (in_memory()) {
    const std::lock_guard lock(mutex_);
    return memory_manifest_;
  }
  const std::string path = platform::join(path_, manifest_name);
  try {
    const auto bytes = platform::read_file(path);
    if (!bytes) return std::nullopt;
    return decode_manifest(*bytes);
  } catch (const Error& error) {
    say(why, path + ": " + error.what());
    return std::nullopt;
  }
}

std::uint64_t SegmentDirectory::manifest_stamp() const {
  if (in_memory()) {
    const std::lock_guard lock(mutex_);
    return memory_stamp_;
  }
  const auto stamp = platform::stamp_of(platform::join(path_, manifest_name));
  return stamp ? mixed(*stamp) : 0;
}

std::shared_ptr<const SegmentContent> SegmentDirectory::open(const SegmentEntry& entry, std::string* why) const {
  std::shared_ptr<SegmentContent> content;
  const std::string path = file_of(entry.number);
  if (in_memory()) {
    const std::lock_guard lock(mutex_);
    const auto found = memory_.find(entry.number);
    if (found != memory_.end()) content = std::make_shared<SegmentContent>(found->second);
  } else {
    try {
      content = std::make_shared<SegmentContent>(std::make_unique<platform::FileView>(path));
    } catch (const Error& error) {
      say(why, error.what());
      return nullptr;
    }
  }
  if (content && content->bytes().size() == entry.bytes && codec::hash64(content->bytes()) == entry.checksum)
    return content;
  say(why, path + ": it is not as it was written");
  return nullptr;
}

SegmentDirectory::Condition SegmentDirectory::condition(const SegmentEntry& entry,
                                                        const SegmentContent& content) const {
  if (!content.file()) return Condition::as_opened;
  const auto stamp = platform::stamp_of(file_of(entry.number));
  if (!stamp) return Condition::gone;
  return *stamp == content.file()->stamp() ? Condition::as_opened : Condition::changed;
}

std::unique_ptr<SegmentDirectory::Building> SegmentDirectory::try_build() {
  {
    const std::lock_guard lock(mutex_);
    if (building_) return nullptr;
    building_ = true;
  }
  const auto give_up = [this] {
    const std::lock_guard lock(mutex_);
    building_ = false;
  };
  try {
    std::unique_ptr<platform::FileLock> lock;
    if (!in_memory()) {
      platform::make_directories(path_);
      lock = std::make_unique<platform::FileLock>(platform::join(path_, "lock"), building_byte);
      if (!lock->try_acquire(platform::FileLock::Kind::exclusive)) {
        give_up();
        return nullptr;
      }
    }
    return std::make_unique<Building>(*this, std::move(lock));
  } catch (...) {
    give_up();
    throw;
  }
}

SegmentDirectory::Building::Building(SegmentDirectory& directory, std::unique_ptr<platform::FileLock> lock)
    : directory_(directory), lock_(std::move(lock)) {}

SegmentDirectory::Building::~Building() {
  lock_.reset();
  const std::lock_guard lock(directory_.mutex_);
  directory_.building_ = false;
}

SegmentDirectory::Draft::Draft(SegmentDirectory& directory, std::uint64_t number)
    : directory_(directory), number_(number) {
  if (directory.in_memory()) {
    memory_ = std::make_shared<Bytes>();
    return;
  }
  path_ = platform::join(directory.path_, std::to_string(number) + ".draft");
  platform::remove_file(path_);  // of one who died
  file_ = platform::File(path_, platform::File::Mode::create_new);
}

SegmentDirectory::Draft::~Draft() {
  if (finished_ || directory_.in_memory()) return;
  file_.close();
  try {
    platform::remove_file(path_);
  } catch (const Error&) {
    return;  // who publishes next removes it
  }
}

void SegmentDirectory::Draft::append(bytes_view bytes) {
  view_.reset();
  size_ += bytes.size();
  if (memory_) {
    memory_->append(bytes);
    return;
  }
  buffer_.append(bytes);
  if (buffer_.size() >= buffer_bytes) flush();
}

void SegmentDirectory::Draft::flush() {
  if (buffer_.empty()) return;
  file_.append(buffer_);
  buffer_.clear();
}

bytes_view SegmentDirectory::Draft::content() {
  if (memory_) return *memory_;
  flush();
  if (!view_) view_ = std::make_unique<platform::FileView>(path_);
  return view_->bytes();
}

SegmentEntry SegmentDirectory::Draft::finish(std::uint64_t rows) {
  const bytes_view bytes = content();
  SegmentEntry entry{number_, bytes.size(), codec::hash64(bytes), rows, {}};
  if (memory_) {
    const std::lock_guard lock(directory_.mutex_);
    directory_.memory_[number_] = memory_;
  } else {
    file_.sync();
    file_.close();
    platform::rename_file(path_, directory_.file_of(number_));
  }
  finished_ = true;
  return entry;
}

void SegmentDirectory::publish(const Manifest& manifest) {
  if (in_memory()) {
    const std::lock_guard lock(mutex_);
    memory_manifest_ = manifest;
    ++memory_stamp_;
    std::set<std::uint64_t> named;
    for (const SegmentEntry& entry : manifest.segments) named.insert(entry.number);
    std::erase_if(memory_, [&](const auto& one) { return !named.contains(one.first); });
    return;
  }
  platform::replace_file(platform::join(path_, manifest_name), encode_manifest(manifest));
  remove_unnamed(manifest);
}

void SegmentDirectory::remove_unnamed(const Manifest& manifest) {
  std::set<std::string> kept{std::string(manifest_name), "lock"};
  for (const SegmentEntry& entry : manifest.segments) kept.insert(std::to_string(entry.number) + ".segment");
  for (const std::string& name : platform::list_directory(path_)) {
    const bool ours = name.ends_with(".segment") || name.ends_with(".draft");
    if (ours && !kept.contains(name)) platform::remove_file(platform::join(path_, name));
  }
}

std::uint64_t SegmentDirectory::file_bytes() const {
  if (!in_memory()) return platform::exists(path_) ? platform::tree_bytes(path_) : 0;
  const std::lock_guard lock(mutex_);
  std::uint64_t bytes = 0;
  for (const auto& [unused, content] : memory_) bytes += content->size();
  return bytes;
}

void SegmentDirectory::clear() {
  if (!in_memory()) platform::remove_file(platform::join(path_, manifest_name));
  const std::lock_guard lock(mutex_);
  memory_.clear();
  memory_manifest_.reset();
  ++memory_stamp_;
  if (!in_memory()) remove_unnamed({});
}

}  // namespace strata::follow
