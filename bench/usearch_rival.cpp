#include <stdexcept>
#include <usearch/index_dense.hpp>

#include "bench/vector_rival.hpp"

namespace strata::bench {
namespace {

using unum::usearch::index_dense_config_t;
using unum::usearch::index_dense_t;
using unum::usearch::metric_kind_t;
using unum::usearch::metric_punned_t;
using unum::usearch::scalar_kind_t;

class UsearchSearcher final : public VectorSearcher {
 public:
  UsearchSearcher(const index_dense_t& index, std::size_t thread) : index_(index), thread_(thread) {}
  void search(const std::vector<float>& query, std::size_t k, std::vector<std::uint32_t>& out) override {
    keys_.resize(k);
    keys_.resize(index_.search(query.data(), k, thread_).dump_to(keys_.data()));
    out.assign(keys_.begin(), keys_.end());
  }

 private:
  const index_dense_t& index_;
  std::size_t thread_;
  std::vector<index_dense_t::vector_key_t> keys_;
};

class Usearch final : public VectorIndexer {
 public:
  std::string name() const override { return "usearch"; }

  void build(const std::vector<std::vector<float>>& vectors) override {
    constexpr std::size_t connections = 16;
    constexpr std::size_t ef_construction = 200;
    metric_punned_t metric(vectors.front().size(), metric_kind_t::l2sq_k, scalar_kind_t::f32_k);
    instructions_ = metric.isa_name();
    index_dense_config_t config(connections, ef_construction, ef_construction);
    config.enable_key_lookups = false;
    auto made = index_dense_t::make(metric, config);
    if (!made) throw std::runtime_error("usearch makes no index");
    index_ = std::make_unique<index_dense_t>(std::move(made.index));
    if (!index_->try_reserve({vectors.size(), vector_threads()})) throw std::runtime_error("usearch has no memory");
    for (std::size_t number = 0; number < vectors.size(); ++number) {
      if (!index_->add(number, vectors[number].data(), 0)) throw std::runtime_error("usearch adds no vector");
    }
  }

  std::unique_ptr<VectorSearcher> searcher(std::size_t effort, std::size_t thread) override {
    index_->change_expansion_search(effort);
    return std::make_unique<UsearchSearcher>(*index_, thread);
  }

  double bytes_per_vector() const override {
    return static_cast<double>(index_->memory_usage()) / static_cast<double>(index_->size());
  }

  std::string note() const override { return "kernels " + instructions_; }

 private:
  std::unique_ptr<index_dense_t> index_;
  std::string instructions_;
};

}  // namespace

std::unique_ptr<VectorIndexer> make_usearch() { return std::make_unique<Usearch>(); }

}  // namespace strata::bench
