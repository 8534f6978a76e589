// Makes vectors of texts through another program, or through an HTTP endpoint as OpenAI's is.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace strata::cli {

struct EmbedderOptions {
  /// Gets a JSON string a line, and writes an array of numbers a line, in the same order. Empty: the endpoint.
  std::vector<std::string> program{};
  std::string url{};    ///< Of the endpoint, such as http://localhost:11434/v1/embeddings. Asked through `curl`.
  std::string model{};  ///< What the request names.
  std::string key{};    ///< Sent as a bearer token, unless empty. No message shows it.
  std::size_t attempts = 3;
};

class Embedder {
 public:
  /// `meanwhile` is called now and then; what it throws ends the program and passes through.
  Embedder(EmbedderOptions options, std::function<void()> meanwhile);
  /// A vector for each text. Failures are tried again after a moment; `io` when the last attempt fails,
  /// `invalid_argument` for an answer that is none.
  std::vector<std::vector<float>> embed(const std::vector<std::string>& texts);

 private:
  std::string ask(const std::vector<std::string>& texts);
  std::string request_for(const std::vector<std::string>& texts) const;
  std::vector<std::vector<float>> vectors_in(const std::string& answer, std::size_t wanted) const;

  EmbedderOptions options_;
  std::function<void()> meanwhile_;
};

}  // namespace strata::cli
