// A library that is opened while the program runs, for what not every machine has.
#pragma once

#include <string>

namespace strata::platform {

/// Open while it lives; movable. Its names are not seen by libraries that are opened later.
class SharedLibrary {
 public:
  SharedLibrary() = default;
  /// A path, or a bare name that the system's loader looks for. `not_found` when it cannot be opened; the message holds
  /// the loader's reason.
  explicit SharedLibrary(const std::string& path);
  SharedLibrary(SharedLibrary&& other) noexcept;
  SharedLibrary& operator=(SharedLibrary&& other) noexcept;
  ~SharedLibrary();

  /// The function of that name, or nullptr. Requires: it has this type.
  template <typename Function>
  Function* function(const char* name) const {
    return reinterpret_cast<Function*>(find(name));
  }

 private:
  void* find(const char* name) const noexcept;

  void* handle_ = nullptr;
};

}  // namespace strata::platform
