// Requests and their answers as bytes: how a transaction travels to the process that commits it.
#pragma once

#include <exception>

#include "commit/request.hpp"

namespace strata::commit {

Bytes encode_request(const Request& request);
/// `corruption` when malformed.
Request decode_request(bytes_view in);

/// What became of it: a result, or an error with code and message.
Bytes encode_answer(const CommitResult& result, const std::exception_ptr& error);
/// Throws the error, if that was the answer.
CommitResult decode_answer(const Uuid& id, bytes_view in);

}  // namespace strata::commit
