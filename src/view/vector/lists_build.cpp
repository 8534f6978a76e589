#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <exception>
#include <functional>
#include <limits>
#include <mutex>
#include <thread>

#include "view/vector/lists.hpp"
#include "view/vector/lists_layout.hpp"
#include "view/vector/random_source.hpp"

namespace strata::view {
namespace {

/// Vectors and centres are compared by distance, whatever searches compare by: under the inner product a long centre
/// would gather everything.
RowShape comparable(RowShape shape) {
  if (shape.metric == Metric::inner_product) shape.metric = Metric::l2;
  return shape;
}

class Stopped : public std::exception {};

class ListsBuilder {
 public:
  ListsBuilder(const Rows& rows, const ListsOptions& options);
  std::vector<std::byte> build();

 private:
  void take_sample();
  void place_centres();
  void move_centres();
  std::vector<std::uint32_t> assign(const Rows& vectors, const Rows& centres);
  std::vector<std::byte> lay_out(const std::vector<std::byte>& centres,
                                 const std::vector<std::uint32_t>& list_of) const;
  void report(std::size_t more);

  const Rows rows_;  ///< With a metric that is comparable.
  const RowShape shape_;
  const ListsOptions& options_;
  const std::size_t dimension_;
  std::size_t lists_ = 0;
  RandomSource random_;
  std::vector<std::byte> sample_;  ///< Some rows, as f32.
  Rows sample_rows_;
  std::vector<std::vector<float>> centres_;
  std::vector<std::byte> centre_bytes_;  ///< The same, as rows of f32.
  std::mutex report_;
  std::size_t done_ = 0;
  std::size_t total_ = 0;
};

constexpr std::size_t sample_of_list = 48;

ListsBuilder::ListsBuilder(const Rows& rows, const ListsOptions& options)
    : rows_(rows.count() == 0 ? rows : Rows(comparable(rows.shape()), rows[0], rows.count())),
      shape_(comparable(rows.shape())),
      options_(options),
      dimension_(rows.shape().dimension),
      random_(rows.count()) {
  lists_ = options.lists != 0 ? options.lists : std::lround(std::sqrt(static_cast<double>(rows.count())));
  lists_ = std::min(lists_, rows.count());
}

std::vector<std::byte> ListsBuilder::build() {
  take_sample();
  total_ = (options_.rounds + 1) * sample_rows_.count() + rows_.count();
  std::vector<std::byte> stored(lists_ * row_bytes(shape_));
  std::vector<std::uint32_t> list_of;
  if (lists_ > 0) {
    place_centres();
    for (std::size_t round = 0; round < options_.rounds; ++round) move_centres();
    for (std::size_t list = 0; list < lists_; ++list) {
      encode_row(shape_, centres_[list], stored.data() + list * row_bytes(shape_));
    }
    list_of = assign(rows_, Rows(shape_, stored.data(), lists_));
  }
  return lay_out(stored, list_of);
}

void ListsBuilder::take_sample() {
  const std::size_t count = std::min(rows_.count(), sample_of_list * lists_);
  const RowShape shape{shape_.metric, ElementType::f32, dimension_};
  sample_.resize(count * row_bytes(shape));
  sample_rows_ = Rows(shape, sample_.data(), count);
  std::vector<float> vector(dimension_);
  // One of each of `count` stretches of equal length.
  for (std::size_t number = 0; number < count; ++number) {
    const std::size_t begin = rows_.count() * number / count;
    const std::size_t end = rows_.count() * (number + 1) / count;
    decode_row(shape_, rows_[begin + random_.below(end - begin)], vector.data());
    encode_row(shape, vector, sample_.data() + number * sample_rows_.stride());
  }
}

/// k-means++ (Arthur and Vassilvitskii, 2007): a vector becomes a centre with a chance that grows with the square of
/// its distance to the centres so far.
void ListsBuilder::place_centres() {
  const RowShape& shape = sample_rows_.shape();
  std::vector<double> distances(sample_rows_.count(), std::numeric_limits<double>::max());
  std::size_t chosen = random_.below(sample_rows_.count());
  Target centre(shape);
  while (true) {
    centres_.push_back(decode_row(shape, sample_rows_[chosen]));
    if (centres_.size() == lists_) break;
    centre.assign_row(sample_rows_[chosen]);
    double sum = 0;
    for (std::size_t number = 0; number < distances.size(); ++number) {
      const double score = centre.score(sample_rows_[number]);
      const double squared = shape.metric == Metric::cosine ? 2 - 2 * score : -score;
      distances[number] = std::min(distances[number], std::max(squared, 0.0));
      sum += distances[number];
    }
    double left = random_.uniform() * sum;
    chosen = 0;
    while (chosen + 1 < distances.size() && (left -= distances[chosen]) > 0) ++chosen;
    if (centres_.size() % 32 == 0) report(sample_rows_.count() * 32 / lists_);
  }
}

/// Lloyd's step: each centre becomes the mean of what is nearest to it. One that nothing is nearest to comes to a
/// vector of the largest list, which splits it.
void ListsBuilder::move_centres() {
  const RowShape& shape = sample_rows_.shape();
  centre_bytes_.resize(lists_ * row_bytes(shape));
  for (std::size_t list = 0; list < lists_; ++list) {
    encode_row(shape, centres_[list], centre_bytes_.data() + list * row_bytes(shape));
  }
  const auto list_of = assign(sample_rows_, Rows(shape, centre_bytes_.data(), lists_));
  std::vector<std::size_t> sizes(lists_);
  for (auto& centre : centres_) std::fill(centre.begin(), centre.end(), 0.0F);
  std::vector<float> vector(dimension_);
  for (std::size_t number = 0; number < list_of.size(); ++number) {
    decode_row(shape, sample_rows_[number], vector.data());
    ++sizes[list_of[number]];
    auto& centre = centres_[list_of[number]];
    for (std::size_t at = 0; at < dimension_; ++at) centre[at] += vector[at];
  }
  std::vector<std::size_t> members;
  for (std::size_t list = 0; list < lists_; ++list) {
    if (sizes[list] > 0) {
      for (float& element : centres_[list]) element /= static_cast<float>(sizes[list]);
      continue;
    }
    const auto largest = static_cast<std::size_t>(std::max_element(sizes.begin(), sizes.end()) - sizes.begin());
    members.clear();
    for (std::size_t number = 0; number < list_of.size(); ++number) {
      if (list_of[number] == largest) members.push_back(number);
    }
    sizes[largest] /= 2;
    centres_[list] = decode_row(shape, sample_rows_[members[random_.below(members.size())]]);
  }
}

std::vector<std::uint32_t> ListsBuilder::assign(const Rows& vectors, const Rows& centres) {
  constexpr std::size_t stretch = 512;
  std::vector<std::uint32_t> list_of(vectors.count());
  std::vector<const std::byte*> places;
  for (std::size_t list = 0; list < centres.count(); ++list) places.push_back(centres[list]);
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> stopped = false;
  std::exception_ptr failure;
  const auto work = [&] {
    try {
      Target target(vectors.shape());
      std::vector<float> scores(centres.count());
      while (!stopped) {
        const std::size_t begin = next.fetch_add(stretch);
        if (begin >= vectors.count()) return;
        const std::size_t end = std::min(begin + stretch, vectors.count());
        for (std::size_t row = begin; row < end; ++row) {
          target.assign_row(vectors[row]);
          target.scores(places.data(), places.size(), scores.data());
          list_of[row] = static_cast<std::uint32_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
        }
        report(end - begin);
      }
    } catch (...) {
      const std::scoped_lock guard(report_);
      failure = std::current_exception();
      stopped = true;
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t number = 1; number < options_.threads; ++number) others.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
  return list_of;
}

std::vector<std::byte> ListsBuilder::lay_out(const std::vector<std::byte>& centres,
                                             const std::vector<std::uint32_t>& list_of) const {
  ListsLayout layout;
  layout.lists = static_cast<std::uint32_t>(lists_);
  layout.rows = rows_.count();
  layout.place(rows_.stride());
  std::vector<std::uint32_t> starts(lists_ + 1);
  for (const std::uint32_t list : list_of) ++starts[list + 1];
  for (std::size_t list = 0; list < lists_; ++list) starts[list + 1] += starts[list];
  std::vector<std::byte> bytes(layout.bytes);
  layout.write_header(bytes.data());
  std::copy(centres.begin(), centres.end(), bytes.begin() + ListsLayout::header_bytes);
  std::memcpy(bytes.data() + layout.starts, starts.data(), starts.size() * sizeof(std::uint32_t));
  for (std::uint32_t row = 0; row < list_of.size(); ++row) {
    const std::size_t at = starts[list_of[row]]++;
    std::memcpy(bytes.data() + layout.members + at * sizeof row, &row, sizeof row);
  }
  return bytes;
}

void ListsBuilder::report(std::size_t more) {
  if (!options_.advance) return;
  const std::scoped_lock guard(report_);
  done_ = std::min(done_ + more, total_);
  if (!options_.advance(done_, total_)) throw Stopped();
}

}  // namespace

std::optional<std::vector<std::byte>> build_lists(const Rows& rows, const ListsOptions& options) {
  try {
    return ListsBuilder(rows, options).build();
  } catch (const Stopped&) {
    return std::nullopt;
  }
}

}  // namespace strata::view
