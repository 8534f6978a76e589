// Requests and their answers as bytes: how a transaction travels to the process that commits it.
#pragma once

#include <exception>

#include "commit/request.hpp"

namespace strata::commit {

Bytes encode_request(const Request& request);
/// `corruption` when malformed.
Request decode_request(bytes_view in);

/// What became of it: a result, with the answer of its call, or an error with code and message.
Bytes encode_answer(const CommitResult& result, const std::exception_ptr& error, bytes_view of_call);
/// Throws the error, if that was the answer.
CommitResult decode_answer(const Uuid& id, bytes_view in, Bytes& of_call);

/// Pieces of what travels, for Call::arguments() too: a varint length, then the bytes.
void append_text(Bytes& out, bytes_view text);
/// `corruption` when cut short.
Bytes take_text(bytes_view& in);

}  // namespace strata::commit
