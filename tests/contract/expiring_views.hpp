// Copies of views, overwritten when the views end.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "strata/types.hpp"

namespace strata::engine {

class ExpiringViews {
 public:
  static constexpr char poison = static_cast<char>(0xDD);

  ~ExpiringViews() { expire(); }

  bytes_view keep(bytes_view view) {
    live_.push_back(std::make_unique<Bytes>(view));
    return *live_.back();
  }
  /// Expired copies stay allocated for a while, so that late readers meet the poison and not other data.
  void expire() {
    for (auto& copy : live_) {
      copy->assign(copy->size(), poison);
      expired_.push_back(std::move(copy));
      if (expired_.size() > expired_max) expired_.pop_front();
    }
    live_.clear();
  }

 private:
  static constexpr std::size_t expired_max = 16;
  std::vector<std::unique_ptr<Bytes>> live_;
  std::deque<std::unique_ptr<Bytes>> expired_;
};

}  // namespace strata::engine
