// Who runs a saga: the lease of its queue item, taken by id where it is one certain saga that is to be run.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "commit/transaction.hpp"
#include "model/agent.hpp"
#include "model/lease.hpp"
#include "strata/queue.hpp"

namespace strata::model {

/// Puts the saga's item.
std::string put_saga_item(commit::Transaction& transaction, const agent::Saga& saga);
/// Whatever the item waits for, and also when it is dead; nothing while another's lease lives. An item that somebody
/// has removed is put again: its id is in the lease.
/// Requires: the transaction runs alone in the write section.
std::optional<Lease> take_saga(commit::Transaction& transaction, const StoredSaga& stored, const std::string& runner,
                               std::chrono::milliseconds lease_time, const LeaseClock& clock);
/// The saga has got on: the lease begins anew, and takings count from here. `conflict` when it has passed to another.
void renew_saga(commit::Transaction& transaction, const Lease& lease, std::chrono::milliseconds lease_time,
                const LeaseClock& clock);

}  // namespace strata::model
