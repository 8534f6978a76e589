#include "bench/package_record.hpp"

#include <array>
#include <string_view>

#include "ingest/line_source.hpp"
#include "ingest/package_lists.hpp"
#include "ingest/reader.hpp"

namespace strata::bench {
namespace {

class WordSource {
 public:
  WordSource() {
    constexpr std::array syllables{"li",  "ba",  "to", "ker", "net", "dev", "py",   "go",  "xml", "gra",
                                   "sto", "run", "mo", "du",  "le",  "vi",  "sual", "cor", "per", "fi"};
    constexpr std::size_t words = 4000;
    for (std::size_t word = 0; word < words; ++word) {
      std::string text;
      for (std::uint64_t syllable = random_() % 3 + 1; syllable-- > 0;) text += syllables[random_() % syllables.size()];
      words_.push_back(text);
    }
  }
  /// Low numbers come much more often: the product of two even draws.
  const std::string& word() {
    const auto wide = static_cast<std::uint64_t>(words_.size());
    return words_[random_() % wide * (random_() % wide) / wide];
  }
  std::string sentence(std::size_t words, std::string_view between = " ") {
    std::string text = word();
    while (--words > 0) text += std::string(between) + word();
    return text;
  }
  std::string hexadecimal(std::size_t digits) {
    std::string text;
    while (text.size() < digits) text += "0123456789abcdef"[random_() % 16];
    return text;
  }
  std::uint64_t number(std::uint64_t below) { return random_() % below; }

 private:
  std::mt19937_64 random_{20240501};
  std::vector<std::string> words_;
};

constexpr std::array sections{"admin", "libs", "python", "net", "devel", "games", "utils", "web", "text", "science"};

PackageRecord made_up(WordSource& words, std::size_t number) {
  const std::string name = words.word() + "-" + words.word() + std::to_string(number);
  const std::string version = std::to_string(words.number(9)) + "." + std::to_string(words.number(30)) + "-" +
                              std::to_string(words.number(5) + 1);
  const std::string section = sections[words.number(sections.size())];
  PackageRecord record;
  record.key = name;
  record.texts = {{"Package", name},
                  {"Version", version},
                  {"Section", section},
                  {"Priority", "optional"},
                  {"Architecture", words.number(2) == 0 ? "amd64" : "all"},
                  {"Maintainer", "Debian " + words.word() + " Team <" + words.word() + "@lists.example.org>"},
                  {"Depends", words.sentence(2 + words.number(12), " (>= 1.2), ")},
                  {"Description", words.sentence(8 + words.number(8))},
                  {"Homepage", "https://" + words.word() + ".example.org/" + name},
                  {"Tag", words.sentence(1 + words.number(10), "::program, ")},
                  {"Filename", "pool/main/" + name.substr(0, 1) + "/" + name + "/" + name + "_" + version + ".deb"},
                  {"Description-md5", words.hexadecimal(32)},
                  {"SHA256", words.hexadecimal(64)}};
  record.installed_size = static_cast<std::int64_t>(words.number(100'000));
  return record;
}

}  // namespace

std::vector<PackageRecord> made_up_packages(std::size_t count) {
  WordSource words;
  std::vector<PackageRecord> records;
  records.reserve(count);
  for (std::size_t number = 0; number < count; ++number) records.push_back(made_up(words, number));
  return records;
}

std::vector<std::pair<std::string, Value>> machine_packages() {
  std::vector<std::pair<std::string, Value>> records;
  for (const std::string& list : ingest::package_lists(ingest::apt_lists_directory)) {
    ingest::LineSource source(list);
    const std::unique_ptr<ingest::Reader> reader = ingest::open_reader(source, {.format = ingest::Format::deb822});
    while (std::optional<ingest::Item> item = reader->next()) {
      if (item->key) records.emplace_back(std::move(*item->key), std::move(item->value));
    }
  }
  return records;
}

Value value_of(const PackageRecord& record) {
  std::vector<std::pair<std::string, Value>> members;
  for (const auto& [name, text] : record.texts) members.emplace_back(name, text);
  members.emplace_back("Installed-Size", record.installed_size);
  return Value::object(members);
}

}  // namespace strata::bench
