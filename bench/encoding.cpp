// The encoding of values against JSON text, on package-like records: bytes, time to encode, one field read.
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <chrono>
#include <functional>

#include "bench/package_record.hpp"
#include "bench/setting.hpp"

namespace strata::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t records_measured = 2000;
constexpr double field_bar = 3;
constexpr const char* last_field = "Installed-Size";

void write_json(const PackageRecord& record, rapidjson::StringBuffer& out) {
  out.Clear();
  rapidjson::Writer<rapidjson::StringBuffer> writer(out);
  writer.StartObject();
  for (const auto& [name, text] : record.texts) {
    writer.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }
  writer.Key(last_field);
  writer.Int64(record.installed_size);
  writer.EndObject();
}

/// Runs `work` over all records again and again; a time is the mean of one record in one pass.
Run repeat_for(double seconds, const std::function<void(std::size_t)>& work) {
  Run run;
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration<double>(seconds);
  do {
    const auto begin = Clock::now();
    for (std::size_t record = 0; record < records_measured; ++record) work(record);
    run.times.add((Clock::now() - begin) / records_measured);
    run.operations += records_measured;
  } while (Clock::now() < end);
  run.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return run;
}

double speed(const Run& mine, const Run& theirs) {
  return static_cast<double>(theirs.times.percentile(50).count()) /
         static_cast<double>(std::max<std::int64_t>(mine.times.percentile(50).count(), 1));
}

void print(Setting& setting, const std::string& work, const Run& value, const Run& json) {
  setting.report.add({.work = work, .who = "JSON, RapidJSON", .run = json, .figure = {}, .ratios = {}, .note = {}});
  setting.report.add({.work = work,
                      .who = "strata::Value",
                      .run = value,
                      .figure = {},
                      .ratios = {{"as fast", speed(value, json)}},
                      .note = {}});
}

struct Encoded {
  std::vector<Value> values;
  std::vector<std::string> texts;
};

void measure_bytes(Setting& setting, const Encoded& encoded) {
  std::uint64_t value_bytes = 0;
  std::uint64_t text_bytes = 0;
  for (const Value& value : encoded.values) value_bytes += value.encoded().size();
  for (const std::string& text : encoded.texts) text_bytes += text.size();
  const double ratio = static_cast<double>(value_bytes) / static_cast<double>(text_bytes);
  const auto mean = [](std::uint64_t bytes) {
    return decimal(static_cast<double>(bytes) / records_measured, 0) + " bytes";
  };
  setting.report.add(
      {.work = "mean size", .who = "JSON, RapidJSON", .run = {}, .figure = mean(text_bytes), .ratios = {}, .note = {}});
  setting.report.add({.work = "mean size",
                      .who = "strata::Value",
                      .run = {},
                      .figure = mean(value_bytes),
                      .ratios = {{"JSON", ratio}},
                      .note = "as a value; stored bodies of 256 bytes and more may be compressed besides"});
  setting.report.bar({"stored encoding beside JSON text: bytes", "< x 1", times(ratio), ratio < 1});
}

/// One field of a text that has been read from a store; the document's memory is used again.
void measure_access(Setting& setting, const Encoded& encoded) {
  std::int64_t sum = 0;
  for (const char* field : {"Version", last_field}) {
    const bool last = field == last_field;
    const Run value = repeat_for(setting.seconds / 4, [&](std::size_t record) {
      const ValueView content = encoded.values[record].view()[field];
      sum += last ? content.as_int() : static_cast<std::int64_t>(content.as_string().size());
    });
    std::vector<char> memory(64 << 10);
    const Run json = repeat_for(setting.seconds / 4, [&](std::size_t record) {
      rapidjson::MemoryPoolAllocator<> allocator(memory.data(), memory.size());
      rapidjson::Document document(&allocator);
      document.Parse(encoded.texts[record].data(), encoded.texts[record].size());
      const rapidjson::Value& content = document[field];
      sum += last ? content.GetInt64() : static_cast<std::int64_t>(content.GetStringLength());
    });
    print(setting, std::string("read ") + field + (last ? ", the last field" : ", the second field"), value, json);
    setting.report.bar({std::string("field access beside parsing JSON, ") + field + ": speed", ">= " + times(field_bar),
                        times(speed(value, json)), speed(value, json) >= field_bar});
  }
  if (sum == 0) throw std::runtime_error("the fields that were read are empty");
}

}  // namespace

void bench_encoding(Setting& setting) {
  setting.report.section("Encoding against JSON text: package-like records (times are means of one record)");
  const std::vector<PackageRecord> records = made_up_packages(records_measured);
  Encoded encoded;
  rapidjson::StringBuffer out;
  for (const PackageRecord& record : records) {
    encoded.values.push_back(value_of(record));
    write_json(record, out);
    encoded.texts.emplace_back(out.GetString(), out.GetSize());
  }
  measure_bytes(setting, encoded);
  std::size_t bytes = 0;
  const Run value =
      repeat_for(setting.seconds / 4, [&](std::size_t record) { bytes += value_of(records[record]).encoded().size(); });
  const Run json = repeat_for(setting.seconds / 4, [&](std::size_t record) {
    write_json(records[record], out);
    bytes += out.GetSize();
  });
  if (bytes == 0) throw std::runtime_error("nothing was encoded");
  print(setting, "encode from fields", value, json);
  const Run from_text = repeat_for(setting.seconds / 4, [&](std::size_t record) {
    bytes += Value::from_json(encoded.texts[record]).encoded().size();
  });
  setting.report.add({.work = "encode from JSON text",
                      .who = "strata::Value",
                      .run = from_text,
                      .figure = {},
                      .ratios = {},
                      .note = {}});
  measure_access(setting, encoded);
}

}  // namespace strata::bench
