#include <hnswlib/hnswlib.h>

#include "bench/vector_rival.hpp"

namespace strata::bench {
namespace {

using Index = hnswlib::HierarchicalNSW<float>;

class HnswlibSearcher final : public VectorSearcher {
 public:
  explicit HnswlibSearcher(const Index& index) : index_(index) {}
  void search(const std::vector<float>& query, std::size_t k, std::vector<std::uint32_t>& out) override {
    auto found = index_.searchKnn(query.data(), k);
    out.clear();
    for (; !found.empty(); found.pop()) out.push_back(static_cast<std::uint32_t>(found.top().second));
  }

 private:
  const Index& index_;
};

class Hnswlib final : public VectorIndexer {
 public:
  std::string name() const override { return "hnswlib"; }

  void build(const std::vector<std::vector<float>>& vectors) override {
    constexpr std::size_t connections = 16;
    constexpr std::size_t ef_construction = 200;
    space_ = std::make_unique<hnswlib::L2Space>(vectors.front().size());
    index_ = std::make_unique<Index>(space_.get(), vectors.size(), connections, ef_construction);
    for (std::size_t number = 0; number < vectors.size(); ++number) index_->addPoint(vectors[number].data(), number);
  }

  std::unique_ptr<VectorSearcher> searcher(std::size_t effort, std::size_t) override {
    index_->setEf(effort);
    return std::make_unique<HnswlibSearcher>(*index_);
  }

  double bytes_per_vector() const override {
    std::size_t upper = 0;
    for (std::size_t number = 0; number < index_->cur_element_count; ++number) {
      upper += index_->size_links_per_element_ * static_cast<std::size_t>(index_->element_levels_[number]);
    }
    return static_cast<double>(index_->size_data_per_element_) +
           static_cast<double>(upper) / static_cast<double>(index_->cur_element_count);
  }

 private:
  std::unique_ptr<hnswlib::L2Space> space_;
  std::unique_ptr<Index> index_;
};

}  // namespace

std::unique_ptr<VectorIndexer> make_hnswlib() { return std::make_unique<Hnswlib>(); }

}  // namespace strata::bench
