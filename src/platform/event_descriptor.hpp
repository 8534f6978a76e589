// A descriptor that is readable while it is set, for poll() and its like.
#pragma once

namespace strata::platform {

/// set() and clear() are for any thread.
class EventDescriptor {
 public:
  /// `io` when the system has none to give.
  EventDescriptor();
  ~EventDescriptor();
  EventDescriptor(const EventDescriptor&) = delete;
  EventDescriptor& operator=(const EventDescriptor&) = delete;

  int number() const { return descriptor_; }
  void set() noexcept;
  void clear() noexcept;

 private:
  int descriptor_;
};

}  // namespace strata::platform
