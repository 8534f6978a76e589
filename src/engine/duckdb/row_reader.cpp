#include "engine/duckdb/row_reader.hpp"

#include <algorithm>
#include <deque>
#include <utility>

#include "engine/duckdb/database.hpp"
#include "strata/error.hpp"

namespace strata::engine::duck {
namespace {

constexpr std::size_t pages_ahead_max = 16;

/// Walks the stored rows of a range.
class PageWalk {
 public:
  PageWalk(std::shared_ptr<View> view, const StoredRange& range, bool reverse)
      : view_(std::move(view)), range_(range), reverse_(reverse) {
    const PageDirectory& directory = view_->directory();
    if (directory.empty()) return;
    if (!reverse_) {
      place_ = directory.find(range_.begin);
    } else {
      place_ = directory.find(range_.end);
      if (directory.at(*place_).first == range_.end && !directory.backward(*place_)) place_.reset();
    }
  }

  /// The next row; valid until the next call. Nothing at the end.
  std::optional<RowView> next() {
    for (;;) {
      if (page_ == nullptr && !turn_page()) return std::nullopt;
      if (reverse_ ? index_ > 0 : index_ < page_->size()) {
        const RowView row = page_->row(reverse_ ? --index_ : index_++);
        if (reverse_ ? row.key < range_.begin : row.key >= range_.end) return std::nullopt;
        return row;
      }
      page_.reset();
    }
  }

 private:
  bool turn_page() {
    if (ahead_.empty()) read_ahead();
    if (ahead_.empty()) return false;
    page_ = std::move(ahead_.front());
    ahead_.pop_front();
    // The bounds lie within the first page at most; elsewhere this finds the page's own end.
    index_ = page_->lower_bound(reverse_ ? range_.end : range_.begin);
    return true;
  }

  /// Twice as many pages as last time.
  void read_ahead() {
    const PageDirectory& directory = view_->directory();
    std::vector<const PageEntry*> wanted;
    while (place_ && wanted.size() < pages_ahead_) {
      const PageEntry& entry = directory.at(*place_);
      if (!reverse_ && entry.first >= range_.end) {
        place_.reset();
        break;
      }
      wanted.push_back(&entry);
      const bool last = reverse_ && entry.first <= range_.begin;
      if (last || !(reverse_ ? directory.backward(*place_) : directory.forward(*place_))) place_.reset();
    }
    if (wanted.empty()) return;
    for (auto& page : view_->pages(wanted)) ahead_.push_back(std::move(page));
    pages_ahead_ = std::min(2 * pages_ahead_, pages_ahead_max);
  }

  std::shared_ptr<View> view_;
  const StoredRange& range_;
  bool reverse_;
  std::optional<PageDirectory::Place> place_;  // the next page to read
  std::size_t pages_ahead_ = 1;
  std::deque<std::shared_ptr<const Page>> ahead_;
  std::shared_ptr<const Page> page_;
  std::size_t index_ = 0;
};

}  // namespace

class RowCursor : public Cursor {
 public:
  RowCursor(RowReader& reader, const KeyRange& range, const ScanHints& hints)
      : reader_(&reader), range_(range), reverse_(hints.reverse), at_end_(range_.begin >= range_.end) {
    if (!at_end_) {
      stored_.emplace(reader.view_, range_, reverse_);
      if (reader.overlay_ != nullptr) {
        low_ = reader.overlay_->lower_bound(range_.begin);
        high_ = reader.overlay_->lower_bound(range_.end);
      }
    }
    reader.cursors_.push_back(this);
  }
  ~RowCursor() override {
    if (reader_ != nullptr) std::erase(reader_->cursors_, this);
  }
  RowCursor(const RowCursor&) = delete;
  RowCursor& operator=(const RowCursor&) = delete;

  bool next() override {
    if (at_end_) return false;
    if (reader_ == nullptr) {
      throw Error(ErrorCode::invalid_argument,
                  "a cursor was used after a write or the end of its transaction; scan again");
    }
    reader_->database_.check();
    if (step()) return true;
    at_end_ = true;
    row_ = {};
    stored_.reset();
    return false;
  }
  bytes_view key() const override { return without_space(row_.key); }
  bytes_view value() const override { return row_.value; }
  bytes_view stored_key() const { return row_.key; }

  void end() noexcept {
    stored_.reset();
    reader_ = nullptr;
  }

 private:
  /// To the nearer of the next stored row and the next write, which hides a stored row of the same key.
  bool step() {
    for (;;) {
      if (!peeked_) {
        ahead_ = stored_->next();
        peeked_ = true;
      }
      if (low_ == high_) {
        peeked_ = false;
        if (ahead_) row_ = *ahead_;
        return ahead_.has_value();
      }
      const auto& [key, value] = reverse_ ? *std::prev(high_) : *low_;
      if (ahead_ && key != ahead_->key && (ahead_->key < key) != reverse_) {
        peeked_ = false;
        row_ = *ahead_;
        return true;
      }
      if (ahead_ && key == ahead_->key) peeked_ = false;
      if (value) row_ = {key, *value};
      reverse_ ? --high_ : ++low_;
      if (value) return true;
    }
  }

  RowReader* reader_;
  StoredRange range_;
  bool reverse_;
  bool at_end_;
  std::optional<PageWalk> stored_;
  bool peeked_ = false;
  std::optional<RowView> ahead_;
  Overlay::const_iterator low_;  // writes from low to high are to come
  Overlay::const_iterator high_;
  RowView row_;
};

RowReader::RowReader(const Database& database, std::shared_ptr<View> view, const Overlay* overlay)
    : database_(database), view_(std::move(view)), overlay_(overlay) {}

std::optional<bytes_view> RowReader::get(Key key) {
  database_.check();
  held_.reset();
  const StoredKey stored(key);
  if (overlay_ != nullptr) {
    if (const auto write = overlay_->find(stored.view()); write != overlay_->end()) {
      return write->second ? std::optional<bytes_view>(*write->second) : std::nullopt;
    }
  }
  const PageDirectory& directory = view_->directory();
  if (directory.empty()) return std::nullopt;
  held_ = view_->page(directory.at(directory.find(stored.view())));
  const std::size_t index = held_->lower_bound(stored.view());
  if (index == held_->size() || held_->row(index).key != stored.view()) return std::nullopt;
  return held_->row(index).value;
}

void RowReader::get_many(std::span<const Key> keys, const Reader::Sink& sink) {
  for (std::size_t i = 0; i < keys.size(); ++i) sink(i, get(keys[i]));
}

std::unique_ptr<Cursor> RowReader::scan(KeyRange range, ScanHints hints) {
  database_.check();
  held_.reset();
  return std::make_unique<RowCursor>(*this, range, hints);
}

std::vector<Bytes> RowReader::keys_in(const KeyRange& range) {
  std::vector<Bytes> keys;
  RowCursor cursor(*this, range, {.keys_only = true});
  while (cursor.next()) keys.emplace_back(cursor.stored_key());
  return keys;
}

void RowReader::end_views() noexcept {
  held_.reset();
  for (RowCursor* cursor : cursors_) cursor->end();
  cursors_.clear();
}

void RowReader::close() noexcept {
  end_views();
  view_.reset();
}

}  // namespace strata::engine::duck
