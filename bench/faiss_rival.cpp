#include <faiss/IndexHNSW.h>
#include <omp.h>

#include "bench/vector_rival.hpp"

namespace strata::bench {
namespace {

class FaissSearcher final : public VectorSearcher {
 public:
  explicit FaissSearcher(const faiss::IndexHNSWFlat& index) : index_(index) {}
  void search(const std::vector<float>& query, std::size_t k, std::vector<std::uint32_t>& out) override {
    distances_.resize(k);
    labels_.resize(k);
    index_.search(1, query.data(), static_cast<faiss::Index::idx_t>(k), distances_.data(), labels_.data());
    out.clear();
    for (const auto label : labels_) {
      if (label >= 0) out.push_back(static_cast<std::uint32_t>(label));
    }
  }

 private:
  const faiss::IndexHNSWFlat& index_;
  std::vector<float> distances_;
  std::vector<faiss::Index::idx_t> labels_;
};

class Faiss final : public VectorIndexer {
 public:
  std::string name() const override { return "faiss hnsw"; }

  void build(const std::vector<std::vector<float>>& vectors) override {
    constexpr int connections = 16;
    constexpr int ef_construction = 200;
    ::omp_set_num_threads(1);
    index_ = std::make_unique<faiss::IndexHNSWFlat>(static_cast<int>(vectors.front().size()), connections);
    index_->hnsw.efConstruction = ef_construction;
    std::vector<float> all;
    for (const auto& vector : vectors) all.insert(all.end(), vector.begin(), vector.end());
    index_->add(static_cast<faiss::Index::idx_t>(vectors.size()), all.data());
  }

  std::unique_ptr<VectorSearcher> searcher(std::size_t effort, std::size_t) override {
    index_->hnsw.efSearch = static_cast<int>(effort);
    return std::make_unique<FaissSearcher>(*index_);
  }

  double bytes_per_vector() const override {
    const auto& graph = index_->hnsw;
    const double links = static_cast<double>(graph.neighbors.size() * sizeof(graph.neighbors[0]) +
                                             graph.offsets.size() * sizeof(graph.offsets[0]) +
                                             graph.levels.size() * sizeof(graph.levels[0]));
    return links / static_cast<double>(index_->ntotal) + static_cast<double>(index_->d) * sizeof(float);
  }

  std::string note() const override { return "Debian builds it for any x86-64"; }

 private:
  std::unique_ptr<faiss::IndexHNSWFlat> index_;
};

}  // namespace

std::unique_ptr<VectorIndexer> make_faiss() { return std::make_unique<Faiss>(); }

}  // namespace strata::bench
