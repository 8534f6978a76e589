// Cuts the text around what matches out of one record, with FTS5's own snippet(): a contentless table cannot.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "view/text/connection.hpp"
#include "view/text/document.hpp"

namespace strata::view::text {

/// Thread-safe. Keeps a table in memory that holds one record at a time.
class SnippetCutter {
 public:
  explicit SnippetCutter(const TextOptions& options) : options_(options) {}
  std::string cut(ValueView record, std::string_view words, std::size_t tokens);

 private:
  void open();

  const TextOptions options_;
  std::mutex mutex_;
  std::unique_ptr<Connection> connection_;
  std::string insert_;
};

}  // namespace strata::view::text
