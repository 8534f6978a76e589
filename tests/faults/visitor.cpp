#include "tests/faults/visitor.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "strata/strata.hpp"

namespace strata::faults {
namespace {

constexpr uid_t nobody = 65534;

class Visit {
 public:
  Visit(engine::ParentLine& parent, std::string url, std::vector<std::string> words)
      : parent_(parent), url_(std::move(url)), words_(std::move(words)) {}

  std::string make() {
    if (has("nobody") && ::getuid() == 0 && (::setgid(nobody) != 0 || ::setuid(nobody) != 0)) return "not permitted";
    if (has("await")) {
      parent_.say("ready");
      parent_.hear();
    }
    for (;;) {
      try {
        return work();
      } catch (const Error& error) {
        if (error.code() == ErrorCode::busy && has("persist")) continue;
        return std::string(to_string(error.code())) + ": " + error.what();
      }
    }
  }

 private:
  bool has(const std::string& word) const { return std::find(words_.begin(), words_.end(), word) != words_.end(); }

  std::string work() {
    Store store = Store::open(url_, {.read_only = has("read_only")});
    std::string said = "ok";
    for (std::size_t at = 0; at < words_.size(); ++at) {
      if (words_[at] == "put") store.collection("notes").put(words_[++at], 1);
      if (words_[at] == "get") {
        const auto record = store.collection("notes").get(words_[++at]);
        said = record ? record->value.to_json() : "nothing";
      }
    }
    if (has("hold")) {
      parent_.say("open");
      parent_.hear();
    }
    store.close();
    return said;
  }

  engine::ParentLine& parent_;
  std::string url_;
  std::vector<std::string> words_;
};

int play_visitor(const engine::RoleArguments& arguments, engine::ParentLine& parent) {
  Visit visit(parent, arguments.at(0), {arguments.begin() + 1, arguments.end()});
  if (std::find(arguments.begin(), arguments.end(), "pid_namespace") != arguments.end()) {
    // The namespace holds from the first child on.
    if (::unshare(CLONE_NEWPID) != 0) {
      parent.say("not permitted");
      return 0;
    }
    const pid_t child = ::fork();
    if (child > 0) {
      ::waitpid(child, nullptr, 0);
      ::_exit(0);  // it can make no thread any more, as a leak checker at exit would
    }
  }
  parent.say(visit.make());
  return 0;
}

const bool known = engine::register_role("visitor", play_visitor);

std::vector<std::string> with_url(const std::string& url, std::vector<std::string> words) {
  words.insert(words.begin(), url);
  return words;
}

}  // namespace

Visitor::Visitor(const std::string& url, std::vector<std::string> words)
    : process_("visitor", with_url(url, std::move(words))) {}

void Visitor::await(const std::string& line) {
  const std::string said = process_.hear();
  EXPECT_EQ(said, line);
}

std::string Visitor::end() {
  const std::string said = process_.hear();
  EXPECT_EQ(process_.wait(), 0);
  return said;
}

std::string visit(const std::string& url, const std::vector<std::string>& words) { return Visitor(url, words).end(); }

}  // namespace strata::faults
