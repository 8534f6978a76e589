#include "engine/memory/row_tree.hpp"

#include <functional>
#include <utility>

namespace strata::engine {

struct RowTree::Node {
  std::shared_ptr<const Row> row;
  std::uint64_t priority = 0;
  std::uint64_t edit = 0;
  Link left;
  Link right;
};

namespace {

// SplitMix64 (Steele, Lea and Flood, 2014). The shape of the tree depends on the key alone, so that runs repeat.
std::uint64_t priority_of(bytes_view key) {
  std::uint64_t z = std::hash<bytes_view>{}(key) + 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

}  // namespace

const Row* RowTree::find(bytes_view key) const {
  const Node* node = root_.get();
  while (node != nullptr) {
    const int order = key.compare(node->row->key);
    if (order == 0) return node->row.get();
    node = order < 0 ? node->left.get() : node->right.get();
  }
  return nullptr;
}

void RowTree::put(bytes_view key, bytes_view value) {
  auto row = std::make_shared<const Row>(Row{Bytes(key), Bytes(value)});
  if (find(key) == nullptr) {
    auto fresh = std::make_shared<Node>();
    *fresh = Node{std::move(row), priority_of(key), edit_, nullptr, nullptr};
    insert(root_, fresh);
    return;
  }
  Link* link = &root_;
  while (true) {
    Node& node = own(*link);
    const int order = bytes_view(row->key).compare(node.row->key);
    if (order == 0) {
      node.row = std::move(row);
      return;
    }
    link = order < 0 ? &node.left : &node.right;
  }
}

bool RowTree::erase(bytes_view key) {
  if (find(key) == nullptr) return false;
  Link* link = &root_;
  while ((*link)->row->key != key) {
    Node& node = own(*link);
    link = key < node.row->key ? &node.left : &node.right;
  }
  *link = join((*link)->left, (*link)->right);
  return true;
}

bool RowTree::erase(Range range) {
  if (Walk(*this, range, false).next() == nullptr) return false;
  Link below;
  Link rest;
  Link erased;
  Link above;
  split(std::move(root_), range.begin, below, rest);
  split(std::move(rest), range.end, erased, above);
  root_ = join(std::move(below), std::move(above));
  return true;
}

std::size_t RowTree::row_bytes() const {
  std::size_t total = 0;
  std::vector<const Node*> pending{root_.get()};
  while (!pending.empty()) {
    const Node* node = pending.back();
    pending.pop_back();
    if (node == nullptr) continue;
    total += sizeof(Node) + sizeof(Row) + node->row->key.size() + node->row->value.size();
    pending.push_back(node->left.get());
    pending.push_back(node->right.get());
  }
  return total;
}

RowTree::Node& RowTree::own(Link& link) const {
  if (link->edit != edit_) {
    link = std::make_shared<Node>(*link);
    link->edit = edit_;
  }
  return *link;
}

void RowTree::insert(Link& link, Link& fresh) const {
  Link* place = &link;
  while (*place != nullptr && (*place)->priority >= fresh->priority) {
    Node& node = own(*place);
    place = fresh->row->key < node.row->key ? &node.left : &node.right;
  }
  Link below;
  Link rest;
  split(std::move(*place), fresh->row->key, below, rest);
  fresh->left = std::move(below);
  fresh->right = std::move(rest);
  *place = fresh;
}

void RowTree::split(Link tree, bytes_view key, Link& below, Link& rest) const {
  Link* low = &below;
  Link* high = &rest;
  while (tree != nullptr) {
    Node& node = own(tree);
    if (bytes_view(node.row->key) < key) {
      Link next = std::move(node.right);
      *low = std::move(tree);
      low = &node.right;
      tree = std::move(next);
    } else {
      Link next = std::move(node.left);
      *high = std::move(tree);
      high = &node.left;
      tree = std::move(next);
    }
  }
  low->reset();
  high->reset();
}

RowTree::Link RowTree::join(Link left, Link right) const {
  Link joined;
  Link* place = &joined;
  while (left != nullptr && right != nullptr) {
    if (left->priority >= right->priority) {
      Node& node = own(left);
      Link next = std::move(node.right);
      *place = std::move(left);
      place = &node.right;
      left = std::move(next);
    } else {
      Node& node = own(right);
      Link next = std::move(node.left);
      *place = std::move(right);
      place = &node.left;
      right = std::move(next);
    }
  }
  *place = left != nullptr ? std::move(left) : std::move(right);
  return joined;
}

RowTree::Walk::Walk(const RowTree& tree, Range range, bool reverse)
    : begin_(range.begin), end_(range.end), reverse_(reverse) {
  descend(tree.root_.get());
}

const Row* RowTree::Walk::next() {
  if (pending_.empty()) return nullptr;
  const Node* node = pending_.back();
  pending_.pop_back();
  descend(reverse_ ? node->left.get() : node->right.get());
  return node->row.get();
}

void RowTree::Walk::descend(const Node* node) {
  while (node != nullptr) {
    if (node->row->key < begin_) {
      node = node->right.get();
    } else if (node->row->key >= end_) {
      node = node->left.get();
    } else {
      pending_.push_back(node);
      node = reverse_ ? node->right.get() : node->left.get();
    }
  }
}

}  // namespace strata::engine
