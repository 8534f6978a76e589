// A state to read from, with the head and the catalogue that go with it.
#pragma once

#include <memory>
#include <span>

#include "codec/head.hpp"
#include "commit/catalogue.hpp"
#include "strata/engine.hpp"

namespace strata::commit {

/// One thread at a time. Views of bytes live as engine::Reader says.
class View {
 public:
  View(std::unique_ptr<engine::Snapshot> snapshot, std::shared_ptr<const codec::Head> head,
       std::shared_ptr<const Catalogue> catalogue, std::uint64_t lineage)
      : snapshot_(std::move(snapshot)),
        reader_(snapshot_.get()),
        head_(std::move(head)),
        catalogue_(std::move(catalogue)),
        lineage_(lineage) {}
  /// The state inside a write section. Requires: `transaction` outlives the view.
  View(engine::WriteTransaction& transaction, std::shared_ptr<const codec::Head> head,
       std::shared_ptr<const Catalogue> catalogue)
      : reader_(&transaction), head_(std::move(head)), catalogue_(std::move(catalogue)) {}

  engine::Reader& reader() { return *reader_; }
  const codec::Head& head() const { return *head_; }
  const Catalogue& catalogue() const { return *catalogue_; }
  const std::shared_ptr<const Catalogue>& shared_catalogue() const { return catalogue_; }
  Position position() const { return head_->position; }
  /// Of the engine, when the state was read; 0 inside a write section, where it cannot change.
  std::uint64_t lineage() const { return lineage_; }

 private:
  std::unique_ptr<engine::Snapshot> snapshot_;
  engine::Reader* reader_;
  std::shared_ptr<const codec::Head> head_;
  std::shared_ptr<const Catalogue> catalogue_;
  std::uint64_t lineage_ = 0;
};

}  // namespace strata::commit
