// Loaded before the C library: counts calls while the page is armed, and lets the n-th fail.
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>

#include "tests/faults/fault_page.hpp"

namespace {

using strata::faults::Fault;
using strata::faults::Page;

Page* page = nullptr;

__attribute__((constructor)) void map_page() {
  const char* path = std::getenv(strata::faults::page_variable);
  if (path == nullptr) return;
  const long descriptor = ::syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return;
  const long address = ::syscall(SYS_mmap, nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  ::syscall(SYS_close, descriptor);
  if (address > 0) page = reinterpret_cast<Page*>(address);
}

bool is_armed(Fault fault) {
  return page != nullptr && page->armed.load(std::memory_order_relaxed) && page->fault == fault;
}

void die_when_due() {
  if (page->calls.fetch_add(1) + 1 < page->fail_at) return;
  page->failed.fetch_add(1);
  ::kill(::getpid(), SIGKILL);
}

/// Whether this call is the one.
bool fails(Fault fault) {
  // A full disk and a failed write are asked for by the same calls.
  if (fault != Fault::allocation && fault != Fault::disk_full && is_armed(Fault::death)) die_when_due();
  if (!is_armed(fault)) return false;
  const std::uint64_t number = page->calls.fetch_add(1) + 1;
  const bool now = fault == Fault::disk_full ? number >= page->fail_at : number == page->fail_at;
  if (now) page->failed.fetch_add(1);
  return now;
}

bool is_first_failure() { return page->failed.load() == 1; }

int refuse(int reason) {
  errno = reason;
  return -1;
}

template <class Function>
Function next(Function, const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}
#define NEXT(function) static const auto real = next(&::function, #function)

constexpr int standard_descriptors = 3;

/// Runs a write of `size` bytes, or fails it; `part` writes the first half.
template <class Whole, class Part>
ssize_t write_or_fail(int descriptor, std::size_t size, Whole whole, Part part) {
  if (descriptor < standard_descriptors) return whole();
  if (fails(Fault::write_once)) return refuse(EIO);
  if (!fails(Fault::disk_full)) return whole();
  if (is_first_failure() && size > 1) return part(size / 2);
  return refuse(ENOSPC);
}

mode_t mode_of(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(arguments, unsigned)) : 0;
}

}  // namespace

extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) noexcept {
  if (!fails(Fault::allocation)) return __libc_malloc(size);
  errno = ENOMEM;
  return nullptr;
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  if (!fails(Fault::allocation)) return __libc_calloc(count, size);
  errno = ENOMEM;
  return nullptr;
}

void* realloc(void* block, std::size_t size) noexcept {
  if (!fails(Fault::allocation)) return __libc_realloc(block, size);
  errno = ENOMEM;
  return nullptr;
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
  if (!fails(Fault::allocation)) return __libc_memalign(alignment, size);
  errno = ENOMEM;
  return nullptr;
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept { return memalign(alignment, size); }

int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
  void* const found = memalign(alignment, size);
  if (found == nullptr) return ENOMEM;
  *block = found;
  return 0;
}

ssize_t write(int descriptor, const void* data, std::size_t size) {
  NEXT(write);
  return write_or_fail(
      descriptor, size, [&] { return real(descriptor, data, size); },
      [&](std::size_t part) { return real(descriptor, data, part); });
}

ssize_t pwrite(int descriptor, const void* data, std::size_t size, off_t offset) {
  NEXT(pwrite);
  return write_or_fail(
      descriptor, size, [&] { return real(descriptor, data, size, offset); },
      [&](std::size_t part) { return real(descriptor, data, part, offset); });
}

ssize_t pwrite64(int descriptor, const void* data, std::size_t size, off_t offset) {
  return pwrite(descriptor, data, size, offset);
}

ssize_t writev(int descriptor, const iovec* parts, int count) {
  NEXT(writev);
  return write_or_fail(
      descriptor, static_cast<std::size_t>(count), [&] { return real(descriptor, parts, count); },
      [&](std::size_t part) { return real(descriptor, parts, static_cast<int>(part)); });
}

ssize_t pwritev(int descriptor, const iovec* parts, int count, off_t offset) {
  NEXT(pwritev);
  return write_or_fail(
      descriptor, static_cast<std::size_t>(count), [&] { return real(descriptor, parts, count, offset); },
      [&](std::size_t part) { return real(descriptor, parts, static_cast<int>(part), offset); });
}

ssize_t pwritev64(int descriptor, const iovec* parts, int count, off_t offset) {
  return pwritev(descriptor, parts, count, offset);
}

// A full disk refuses neither to cut a file off nor to lengthen it by a hole.
int ftruncate(int descriptor, off_t size) noexcept {
  NEXT(ftruncate);
  return fails(Fault::write_once) ? refuse(EIO) : real(descriptor, size);
}

int ftruncate64(int descriptor, off_t size) noexcept { return ftruncate(descriptor, size); }

int fallocate(int descriptor, int mode, off_t offset, off_t size) {
  NEXT(fallocate);
  if (fails(Fault::write_once)) return refuse(EIO);
  if (fails(Fault::disk_full)) return refuse(ENOSPC);
  return real(descriptor, mode, offset, size);
}

int fallocate64(int descriptor, int mode, off_t offset, off_t size) {
  return fallocate(descriptor, mode, offset, size);
}

int posix_fallocate(int descriptor, off_t offset, off_t size) {
  NEXT(posix_fallocate);
  if (fails(Fault::write_once)) return EIO;
  if (fails(Fault::disk_full)) return ENOSPC;
  return real(descriptor, offset, size);
}

int posix_fallocate64(int descriptor, off_t offset, off_t size) { return posix_fallocate(descriptor, offset, size); }

int fsync(int descriptor) {
  NEXT(fsync);
  return fails(Fault::sync_once) ? refuse(EIO) : real(descriptor);
}

int fdatasync(int descriptor) {
  NEXT(fdatasync);
  return fails(Fault::sync_once) ? refuse(EIO) : real(descriptor);
}

int msync(void* begin, std::size_t size, int flags) {
  NEXT(msync);
  return fails(Fault::sync_once) ? refuse(EIO) : real(begin, size, flags);
}

int sync_file_range(int descriptor, off_t offset, off_t size, unsigned flags) {
  NEXT(sync_file_range);
  return fails(Fault::sync_once) ? refuse(EIO) : real(descriptor, offset, size, flags);
}

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  if (fails(Fault::open_once)) return refuse(EMFILE);
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open(path, flags, mode);
}

int openat(int directory, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  if (fails(Fault::open_once)) return refuse(EMFILE);
  return static_cast<int>(::syscall(SYS_openat, directory, path, flags, mode));
}

int rename(const char* from, const char* to) noexcept {
  NEXT(rename);
  return fails(Fault::open_once) ? refuse(EIO) : real(from, to);
}

void* mmap(void* at, std::size_t size, int protection, int flags, int descriptor, off_t offset) noexcept {
  if (descriptor >= 0 && fails(Fault::open_once)) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  const long address = ::syscall(SYS_mmap, at, size, protection, flags, descriptor, offset);
  return address < 0 && address > -4096 ? MAP_FAILED : reinterpret_cast<void*>(address);
}

void* mmap64(void* at, std::size_t size, int protection, int flags, int descriptor, off_t offset) noexcept {
  return mmap(at, size, protection, flags, descriptor, offset);
}

}  // extern "C"
