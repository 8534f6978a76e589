// What models and queries read from: a view as it is, or a transaction that notes what was read and knows its own
// writes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "commit/request.hpp"
#include "commit/view.hpp"
#include "strata/engine.hpp"

namespace strata::commit {

/// A transaction's own writes in one space, by key.
using PendingWrites = std::map<Bytes, Write, std::less<>>;

class Source {
 public:
  virtual ~Source() = default;
  /// The row as stored at the state being read, own writes left aside. The view is valid until the next call.
  virtual std::optional<bytes_view> get(Space space, bytes_view key) = 0;
  /// get() of many, as engine::Reader::get_many.
  virtual void get_many(std::span<const engine::Key> keys, const engine::Reader::Sink& sink) = 0;
  /// Rows as stored, own writes left aside. `records` is the record space that the range follows from (itself for
  /// records).
  virtual std::unique_ptr<engine::Cursor> scan(Space records, engine::KeyRange range, engine::ScanHints hints) = 0;
  /// The declaration, own creations included; null when there is none.
  virtual const CollectionDefinition* collection(std::string_view name) = 0;
  /// Own writes in a record space; null when there are none.
  virtual const PendingWrites* pending(Space space) const = 0;
  /// What was last written to a local row; null when nothing was. Valid until the next such write.
  virtual const LocalWrite* pending_local(Space, bytes_view) const { return nullptr; }
  virtual View& view() = 0;
  /// Whether what is read becomes part of a footprint: then totals may not stand for the rows.
  virtual bool tracks() const = 0;
  /// The moment against which expiry is judged: one for the whole source.
  virtual Time now() const = 0;
};

/// A view as it is.
class ViewSource : public Source {
 public:
  ViewSource(View& view, Time now) : view_(view), now_(now) {}
  std::optional<bytes_view> get(Space space, bytes_view key) override { return view_.reader().get({space, key}); }
  void get_many(std::span<const engine::Key> keys, const engine::Reader::Sink& sink) override {
    view_.reader().get_many(keys, sink);
  }
  std::unique_ptr<engine::Cursor> scan(Space, engine::KeyRange range, engine::ScanHints hints) override {
    return view_.reader().scan(range, hints);
  }
  const CollectionDefinition* collection(std::string_view name) override { return view_.catalogue().find(name); }
  const PendingWrites* pending(Space) const override { return nullptr; }
  View& view() override { return view_; }
  bool tracks() const override { return false; }
  Time now() const override { return now_; }

 private:
  View& view_;
  Time now_;
};

}  // namespace strata::commit
