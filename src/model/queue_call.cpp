#include "model/queue_call.hpp"

#include <algorithm>

#include "codec/varint.hpp"
#include "commit/request_codec.hpp"
#include "model/queue.hpp"
#include "strata/error.hpp"

namespace strata::model {
namespace {

constexpr std::size_t id_bytes = 16;
/// Tokens come from callers, who may give anything.
constexpr std::size_t token_bytes_max = 32;
/// Of leases in the arguments, so that they fit where they go.
constexpr std::size_t done_max = 200;

using commit::append_text;
using commit::take_text;

bytes_view take_bytes(bytes_view& in, std::size_t size) {
  if (size > in.size()) throw Error(ErrorCode::corruption, "a taking from a queue was cut short on its way");
  const bytes_view taken = in.substr(0, size);
  in.remove_prefix(size);
  return taken;
}

void append_id(Bytes& out, std::string_view id) {
  if (const auto uuid = Uuid::parse(id)) out.append(uuid->view());
}

std::string take_id(bytes_view& in) {
  const bytes_view bytes = take_bytes(in, id_bytes);
  Uuid id;
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id.to_string();
}

}  // namespace

TakeCall::TakeCall(std::string queue, std::span<const Lease> done, const TakeOptions& options, bool by_wall)
    : queue_(std::move(queue)), options_(options), by_wall_(by_wall), token_(make_lease_token()) {
  done_.reserve(done.size());
  for (const Lease& lease : done) {
    Lease& own = done_.emplace_back();
    own.item.queue = lease.item.queue;
    own.item.id = lease.item.id;
    own.token = lease.token;
  }
}

void TakeCall::run(commit::Transaction& transaction, Earlier earlier) {
  taken_.clear();
  if (earlier != Earlier::none) {
    taken_ = find_leases(transaction, queue_, token_);
    if (!taken_.empty() || earlier == Earlier::committed) return;
  }
  if (!done_.empty()) finish_items(transaction, queue_, done_);
  taken_ = take_items(transaction, queue_, options_, LeaseClock::read(by_wall_), token_);
}

bool TakeCall::travels() const {
  // What is wrong with a lease is said here.
  const auto is_odd = [&](const Lease& lease) {
    const bool other = !lease.item.queue.empty() && lease.item.queue != queue_;
    return other || lease.token.size() > token_bytes_max || !Uuid::parse(lease.item.id);
  };
  return options_.limit * id_bytes <= answer_bytes_max && done_.size() <= done_max &&
         std::none_of(done_.begin(), done_.end(), is_odd);
}

Bytes TakeCall::arguments() const {
  Bytes out;
  append_text(out, queue_);
  append_text(out, token_);
  out.push_back(by_wall_ ? 1 : 0);
  codec::append_varint(out, options_.limit);
  codec::append_varint(out, options_.lease ? static_cast<std::uint64_t>(options_.lease->count()) : 0);
  append_text(out, options_.consumer);
  codec::append_varint(out, done_.size());
  for (const Lease& lease : done_) {
    append_id(out, lease.item.id);
    append_text(out, lease.token);
  }
  return out;
}

std::shared_ptr<commit::Call> TakeCall::decode(bytes_view in) {
  std::shared_ptr<TakeCall> call(new TakeCall);
  call->queue_ = take_text(in);
  call->token_ = take_text(in);
  call->by_wall_ = take_bytes(in, 1).front() != 0;
  call->options_.limit = codec::take_varint(in);
  if (const std::uint64_t lease = codec::take_varint(in)) call->options_.lease = std::chrono::milliseconds(lease);
  call->options_.consumer = take_text(in);
  for (std::uint64_t left = codec::take_varint(in); left > 0; --left) {
    Lease& lease = call->done_.emplace_back();
    lease.item.id = take_id(in);
    lease.token = take_text(in);
  }
  return call;
}

Bytes TakeCall::answer() const {
  Bytes out;
  for (const Lease& lease : taken_) append_id(out, lease.item.id);
  return out;
}

void TakeCall::take_answer(bytes_view answer) {
  elsewhere_ = true;
  ids_.clear();
  while (!answer.empty()) ids_.push_back(take_id(answer));
}

std::vector<Lease> TakeCall::find_taken(commit::Source& source) const {
  return find_leases(source, queue_, ids_, token_);
}

}  // namespace strata::model
