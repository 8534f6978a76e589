#include "model/saga_hold.hpp"

#include <algorithm>

#include "model/queue.hpp"
#include "model/queue_rows.hpp"
#include "platform/random.hpp"

namespace strata::model {

std::string put_saga_item(commit::Transaction& transaction, const agent::Saga& saga) {
  return put_item(transaction, saga_queue(saga.kind), Value::object({{"saga", saga.id}}), {});
}

std::optional<Lease> take_saga(commit::Transaction& transaction, const StoredSaga& stored, const std::string& runner,
                               std::chrono::milliseconds lease_time, const LeaseClock& clock) {
  check_lease_time(lease_time);
  Lease lease;
  lease.item.queue = saga_queue(stored.saga.kind);
  lease.item.id = stored.item;
  const QueueRows rows(transaction, lease.item.queue);
  Bytes key = item_key(lease.item.queue, lease.item.id);
  std::optional<StoredItem> item = rows.item(key);
  std::optional<LeaseRow> last;
  if (!item) {
    lease.item.id = put_saga_item(transaction, stored.saga);
    key = item_key(lease.item.queue, lease.item.id);
  } else if (item->item.state == ItemState::dead) {
    revive_item(transaction, lease.item.queue, lease.item.id);
    item->item.attempts = 0;
  } else {
    last = rows.lease(key);
  }
  if (last && clock.is_live(*last)) return std::nullopt;
  LeaseRow row;
  row.token = platform::make_uuid().to_string();
  row.attempts = std::max(last ? last->attempts : 0, item ? item->item.attempts : 0) + 1;
  row.consumer = runner;
  clock.set_end(row, lease_time);
  write_lease(transaction, key, row);
  lease.token = row.token;
  return lease;
}

void renew_saga(commit::Transaction& transaction, const Lease& lease, std::chrono::milliseconds lease_time,
                const LeaseClock& clock) {
  extend_lease(transaction, lease.item.queue, lease, lease_time, clock);
  const Bytes key = item_key(lease.item.queue, lease.item.id);
  const QueueRows rows(transaction, lease.item.queue);
  if (auto row = rows.lease(key)) {
    row->attempts = 1;
    write_lease(transaction, key, *row);
  }
}

}  // namespace strata::model
