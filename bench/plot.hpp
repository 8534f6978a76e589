// A plot of recall against queries a second, as SVG.
#pragma once

#include <string>
#include <vector>

namespace strata::bench {

struct Curve {
  std::string name;
  struct Point {
    double recall = 0;  ///< 0 to 1.
    double rate = 0;    ///< Queries a second, above 0.
  };
  std::vector<Point> points;  ///< By recall.
};

/// The part of the curves at a recall of 0.8 and more; rates on a logarithmic axis.
std::string recall_plot(const std::string& title, const std::vector<Curve>& curves);

}  // namespace strata::bench
