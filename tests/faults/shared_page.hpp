// The page that a test shares with the program whose calls fail: made by the one, mapped by the other.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "tests/faults/fault_page.hpp"

namespace strata::faults {

class SharedPage {
 public:
  explicit SharedPage(std::string path) : path_(std::move(path)) {
    const int descriptor = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0 || ::ftruncate(descriptor, sizeof(Page)) != 0) throw std::runtime_error("no page");
    void* const address = ::mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    ::close(descriptor);
    if (address == MAP_FAILED) throw std::runtime_error("no page");
    page_ = static_cast<Page*>(address);
  }
  ~SharedPage() { ::munmap(page_, sizeof(Page)); }
  SharedPage(const SharedPage&) = delete;
  SharedPage& operator=(const SharedPage&) = delete;

  Page* operator->() const { return page_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  Page* page_ = nullptr;
};

/// In the program: the page that the environment names; null when there is none.
inline Page* map_page() {
  const char* path = std::getenv(page_variable);
  if (path == nullptr) return nullptr;
  const int descriptor = ::open(path, O_RDWR | O_CLOEXEC);
  void* const address = ::mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  ::close(descriptor);
  return address == MAP_FAILED ? nullptr : static_cast<Page*>(address);
}

}  // namespace strata::faults
