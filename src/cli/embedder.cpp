#include "cli/embedder.hpp"

#include <chrono>
#include <thread>

#include "cli/text.hpp"
#include "ingest/subprocess.hpp"
#include "strata/error.hpp"
#include "strata/value.hpp"

namespace strata::cli {
namespace {

constexpr std::chrono::milliseconds look_every{100};
constexpr std::chrono::milliseconds pause_first{500};
constexpr std::size_t shown_bytes_max = 200;

/// A value of curl's configuration: what is on the command line, others may read.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"\n";
}

std::vector<float> vector_in(ValueView array) {
  if (array.type() != ValueType::array)
    throw Error(ErrorCode::invalid_argument,
                "an embedding is no array of numbers but " + std::string(to_string(array.type())));
  std::vector<float> vector;
  for (const auto& [unused, element] : array) vector.push_back(static_cast<float>(element.as_double()));
  return vector;
}

Value parsed(std::string_view json) {
  try {
    return Value::from_json(json);
  } catch (const Error&) {
    throw Error(ErrorCode::invalid_argument,
                "the embedder's answer is no JSON: " + single_line(std::string(json.substr(0, shown_bytes_max))));
  }
}

}  // namespace

Embedder::Embedder(EmbedderOptions options, std::function<void()> meanwhile)
    : options_(std::move(options)), meanwhile_(std::move(meanwhile)) {}

std::string Embedder::request_for(const std::vector<std::string>& texts) const {
  if (!options_.program.empty()) {
    std::string lines;
    for (const std::string& text : texts) lines += Value(text).to_json() + '\n';
    return lines;
  }
  const Value body = Value::object(
      {{"model", options_.model}, {"input", Value::array(std::vector<Value>(texts.begin(), texts.end()))}});
  std::string request = "url = " + quoted(options_.url) + "header = " + quoted("Content-Type: application/json");
  if (!options_.key.empty()) request += "header = " + quoted("Authorization: Bearer " + options_.key);
  return request + "data-raw = " + quoted(body.to_json());
}

std::string Embedder::ask(const std::vector<std::string>& texts) {
  const std::string request = request_for(texts);
  const std::vector<std::string> curl{"curl", "--silent", "--show-error", "--fail", "--config", "-"};
  const bool is_program = !options_.program.empty();
  const ingest::SubprocessResult result =
      ingest::run_subprocess(is_program ? options_.program : curl, request, look_every, meanwhile_);
  if (result.exit_code == 0) return result.output;
  const std::string who = is_program ? options_.program.front() : options_.url;
  if (result.exit_code == 127) {
    throw Error(ErrorCode::not_found, is_program
                                          ? "there is no program " + who
                                          : std::string("there is no curl, which asks the endpoint: install it"));
  }
  throw Error(ErrorCode::io, "the embedder " + who + " ended with exit code " + std::to_string(result.exit_code));
}

std::vector<std::vector<float>> Embedder::vectors_in(const std::string& answer, std::size_t wanted) const {
  std::vector<std::vector<float>> vectors;
  if (options_.program.empty()) {
    const Value body = parsed(answer);
    vectors.resize(body["data"].size());
    std::size_t place = 0;
    for (const auto& [unused, one] : body["data"]) {
      const auto index = static_cast<std::size_t>(one["index"].int_or(static_cast<std::int64_t>(place++)));
      if (index < vectors.size()) vectors[index] = vector_in(one["embedding"]);
    }
  } else {
    for (std::size_t begin = 0; begin < answer.size();) {
      const std::size_t end = std::min(answer.find('\n', begin), answer.size());
      if (end > begin) vectors.push_back(vector_in(parsed(std::string_view(answer).substr(begin, end - begin))));
      begin = end + 1;
    }
  }
  if (vectors.size() == wanted) return vectors;
  throw Error(ErrorCode::invalid_argument, "the embedder was given " + one_or_many(wanted, "text") +
                                               " and answered with " + one_or_many(vectors.size(), "vector"));
}

std::vector<std::vector<float>> Embedder::embed(const std::vector<std::string>& texts) {
  for (std::size_t attempt = 1;; ++attempt) {
    try {
      return vectors_in(ask(texts), texts.size());
    } catch (const Error& error) {
      if (error.code() != ErrorCode::io || attempt >= options_.attempts) throw;
    }
    for (auto left = pause_first * (1U << (attempt - 1)); left.count() > 0; left -= look_every) {
      meanwhile_();
      std::this_thread::sleep_for(look_every);
    }
  }
}

}  // namespace strata::cli
