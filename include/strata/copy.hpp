// A whole store into another one, on any engine, while writers go on.
//
// What is copied: the catalogue (collections, options, indexes, dictionaries) and every record with its version and
// times, also those that have expired and still count; and history along with it, so that as-of reads answer in the
// copy as in the source, from positions exactly, from times to the second. Index entries are made anew in the target.
// Not copied: the log, the ids of transactions, and whatever else belongs to one copy of a store alone.
//
// What comes out equals the source at one position S. The target keeps the source's store id and goes on from position
// S with an empty log and the chain as it stood there; its incarnation is one higher, since from then on the two go
// separate ways.
#pragma once

#include <cstdint>
#include <string>

#include "strata/engine.hpp"
#include "strata/store.hpp"

namespace strata {

struct CopyOptions {
  // One read of the source, and one commit into the target, hold at most about so much.
  std::size_t batch_rows = 4000;
  std::size_t batch_bytes = std::size_t{4} << 20;
};

struct CopyReport {
  Position position;   ///< S: the target equals the source as it was at this position.
  std::string digest;  ///< Of both there; what was written was read back to compare it.
  std::uint64_t collections = 0;
  std::uint64_t records = 0;        ///< In the target, those of the catalogue left aside.
  std::uint64_t history_rows = 0;   ///< Earlier versions in the target.
  std::uint64_t index_entries = 0;  ///< Made in the target, in this call.
  bool resumed = false;             ///< It went on with what an earlier call had begun.
  std::uint64_t refills = 0;        ///< How often it had to begin anew, for the source's log was trimmed meanwhile.
};

/// Copies everything. Requires: the target has just been made and nothing was ever written to it, or it was opened with
/// OpenOptions::continue_copy and holds an unfinished copy of the same store. Anything else: `invalid_argument`, and
/// nothing is written.
///
/// Reads the source in ranges of keys, each from a snapshot of its own, then applies what the log says changed
/// meanwhile, until a position is reached. Where it stands is stored in the target with what it wrote: killed or
/// cancelled at any moment, the same call goes on from there. Until it is done the target is no store: whatever else
/// uses it, in any process, gets `unsupported`. Handles of the target work afterwards.
///
/// `progress`: phases `copy` (rows), `catch up` (positions), `check` (records). When it says stop: `busy`, with the
/// target left to go on with. `gap` when the source's log was trimmed faster than the copy went, several times over.
/// `corruption` when what is read back from the target does not have the source's digest, or a row is damaged.
CopyReport copy(const Store& from, Store& to, const CopyOptions& options = {}, engine::Progress* progress = nullptr);

}  // namespace strata
