#include "bench/plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "bench/report.hpp"

namespace strata::bench {
namespace {

constexpr double width = 720;
constexpr double height = 440;
constexpr double left = 80;
constexpr double right = 170;  // for the names
constexpr double top = 40;
constexpr double bottom = 50;
constexpr double recall_min = 0.8;
// Told apart by people who do not see all colours, and on light and dark ground.
constexpr std::array<const char*, 7> colours{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                             "#e69f00", "#56b4e9", "#888888"};

std::string format(const char* pattern, double a, double b, double c = 0, double d = 0) {
  std::array<char, 256> line{};
  const int length = std::snprintf(line.data(), line.size(), pattern, a, b, c, d);
  return {line.data(), static_cast<std::size_t>(std::max(length, 0))};
}

class Axes {
 public:
  explicit Axes(const std::vector<Curve>& curves) {
    for (const Curve& curve : curves) {
      for (const Curve::Point& point : curve.points) {
        if (point.recall < recall_min) continue;
        low_ = std::min(low_, point.rate);
        high_ = std::max(high_, point.rate);
      }
    }
    low_ = std::pow(10, std::floor(std::log10(std::min(low_, high_))));
    high_ = std::pow(10, std::ceil(std::log10(high_)));
    if (high_ <= low_) high_ = low_ * 10;
  }
  double x(double recall) const { return left + (recall - recall_min) / (1 - recall_min) * (width - left - right); }
  double y(double rate) const {
    return top + (std::log(high_) - std::log(rate)) / (std::log(high_) - std::log(low_)) * (height - top - bottom);
  }

  std::string draw() const {
    std::string out;
    for (int step = 0; step <= 10; step += 2) {
      const double recall = recall_min + step * (1 - recall_min) / 10;
      out += format("<line class='grid' x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f'/>\n", x(recall), top, x(recall),
                    height - bottom);
      out += format("<text x='%.1f' y='%.1f' text-anchor='middle'>", x(recall), height - bottom + 20) +
             decimal(recall, 2) + "</text>\n";
    }
    for (double rate = low_; rate <= high_ * 1.01; rate *= 10) {
      out += format("<line class='grid' x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f'/>\n", left, y(rate), width - right,
                    y(rate));
      out += format("<text x='%.1f' y='%.1f' text-anchor='end'>", left - 8, y(rate) + 4) + grouped(rate) + "</text>\n";
    }
    out += format("<text x='%.1f' y='%.1f' text-anchor='middle'>recall of the 10 nearest</text>\n",
                  (left + width - right) / 2, height - 10);
    out += format("<text x='%.1f' y='%.1f'>queries/s</text>\n", 10, top - 14);
    return out;
  }

 private:
  double low_ = 1e9;
  double high_ = 1;
};

}  // namespace

std::string recall_plot(const std::string& title, const std::vector<Curve>& curves) {
  const Axes axes(curves);
  std::string out = format(
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %.0f %.0f' font-family='sans-serif' "
      "font-size='12'>\n",
      width, height);
  out +=
      "<style>.grid{stroke:#bbb;stroke-width:.5} path{fill:none;stroke-width:2}</style>\n<rect width='100%' "
      "height='100%' fill='white'/>\n";
  out += format("<text x='%.1f' y='%.1f' font-weight='bold'>", left, 18) + title + "</text>\n" + axes.draw();
  std::size_t number = 0;
  for (const Curve& curve : curves) {
    const std::string colour = colours[number % colours.size()];
    std::string path;
    for (const Curve::Point& point : curve.points) {
      if (point.recall < recall_min) continue;
      path += (path.empty() ? "M" : "L") + format("%.1f %.1f ", axes.x(point.recall), axes.y(point.rate));
      out += format("<circle cx='%.1f' cy='%.1f' r='2.5' ", axes.x(point.recall), axes.y(point.rate)) + "fill='" +
             colour + "'/>\n";
    }
    out += "<path stroke='" + colour + "' d='" + path + "'/>\n";
    out += format("<text x='%.1f' y='%.1f' ", width - right + 14, top + 18 * static_cast<double>(++number)) + "fill='" +
           colour + "'>" + curve.name + "</text>\n";
  }
  return out + "</svg>\n";
}

}  // namespace strata::bench
