#include "ingest/importer.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <sstream>

#include "ingest/exporter.hpp"
#include "ingest/scratch_directory.hpp"

namespace strata::ingest {
namespace {

class ImporterTest : public testing::Test {
 protected:
  ImportOptions options_for(const std::string& path, std::size_t batch_records = 1000) const {
    ImportOptions options;
    options.collection = "things";
    options.path = path;
    options.batch_records = batch_records;
    return options;
  }
  ImportReport import_text(std::string_view name, std::string_view text) {
    return import_records(store_, options_for(scratch_.write(name, text)));
  }
  Error failure_of(const ImportOptions& options) {
    try {
      import_records(store_, options);
    } catch (const Error& error) {
      EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos) << error.what();
      return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return Error(ErrorCode::internal, "");
  }
  static bool says(const Error& error, std::string_view part) {
    return std::string_view(error.what()).find(part) != std::string_view::npos;
  }
  Collection things() { return store_.collection("things"); }
  std::uint64_t unfinished() { return store_.collection(imports_collection).count(); }
  /// Sum of the field `n` over all records, and their number: tells records lost or doubled.
  std::pair<std::uint64_t, std::uint64_t> sum_and_count() {
    std::uint64_t sum = 0;
    std::uint64_t count = 0;
    things().scan({}, [&](const Record& record) {
      sum += record.value["n"].as_uint();
      ++count;
      return true;
    });
    return {sum, count};
  }
  static std::string numbered(int first, int last) {
    std::string text;
    for (int n = first; n <= last; ++n) text += "{\"n\":" + std::to_string(n) + "}\n";
    return text;
  }

  ScratchDirectory scratch_;
  Store store_ = Store::open("memory:");
};

using SumAndCount = std::pair<std::uint64_t, std::uint64_t>;

TEST_F(ImporterTest, EachLineBecomesARecordUnderAFreshKey) {
  const ImportReport report = import_records(store_, options_for(scratch_.write("a.jsonl", numbered(1, 25)), 10));
  EXPECT_EQ(report.records, 25u);
  EXPECT_EQ(report.batches, 3u);
  EXPECT_EQ(report.format, Format::jsonl);
  EXPECT_EQ(report.position, store_.position());
  EXPECT_EQ(sum_and_count(), SumAndCount(325, 25));
  EXPECT_EQ(unfinished(), 0u);
}

TEST_F(ImporterTest, AFileOfOneBatchIsOneCommitInTheOrderOfItsLinesAndLeavesNoTrace) {
  import_text("a.jsonl", numbered(1, 5));
  EXPECT_EQ(store_.position().value, 1u);
  std::uint64_t n = 0;
  for (const Record& record : things().find().records) EXPECT_EQ(record.value["n"].as_uint(), ++n);
  EXPECT_EQ(n, 5u);
  EXPECT_FALSE(store_.collection(imports_collection).exists());
  EXPECT_EQ(import_text("empty.jsonl", "").records, 0u);
}

TEST_F(ImporterTest, AFieldMayBeTheKeyAndOfEqualKeysTheLaterRecordStays) {
  ImportOptions options = options_for(scratch_.write("a.jsonl", R"({"id":{"n":7},"v":1}
{"id":{"n":"x"},"v":2}
{"id":{"n":7},"v":3}
)"));
  options.key_field = "id.n";
  EXPECT_EQ(import_records(store_, options).records, 3u);
  ASSERT_EQ(things().count(), 2u);
  EXPECT_EQ(things().get("7")->value["v"].as_int(), 3);
  EXPECT_EQ(things().get("x")->value["v"].as_int(), 2);
}

TEST_F(ImporterTest, ALineWithoutTheKeyFieldIsABadLine) {
  ImportOptions options = options_for(scratch_.write("a.jsonl", "{\"id\":\"a\"}\n{\"id\":null}\n"));
  options.key_field = "id";
  const Error error = failure_of(options);
  EXPECT_TRUE(says(error, "a.jsonl:2: field id")) << error.what();
  EXPECT_EQ(things().count(), 1u);
}

TEST_F(ImporterTest, OfEqualKeysTheNewestMayStayWhateverTheOrder) {
  const auto stanza = [](std::string_view package, std::string_view version) {
    return "Package: " + std::string(package) + "\nVersion: " + std::string(version) + "\n\n";
  };
  ImportOptions options = options_for(scratch_.write(
      "Packages", stanza("a", "1.10") + stanza("a", "1.9") + stanza("b", "2.0~rc1") + stanza("b", "2.0")));
  options.newest_by = "Version";
  const ImportReport report = import_records(store_, options);
  EXPECT_EQ(report.records, 3u);
  EXPECT_EQ(report.superseded, 1u);
  EXPECT_EQ(things().get("a")->value["Version"].as_string(), "1.10");
  EXPECT_EQ(things().get("b")->value["Version"].as_string(), "2.0");
  EXPECT_EQ(import_records(store_, options).records, 0u);
}

TEST_F(ImporterTest, ABadLineStopsTheImportAndOnceMendedItGoesOnWithoutDoubling) {
  const std::string path = scratch_.write("a.jsonl", numbered(1, 25) + "{\"n\":oops}\n" + numbered(27, 40));
  const Error error = failure_of(options_for(path, 10));
  EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  EXPECT_TRUE(says(error, path + ":26: ")) << error.what();
  EXPECT_TRUE(says(error, "25 records are in")) << error.what();
  EXPECT_EQ(sum_and_count(), SumAndCount(325, 25));
  EXPECT_EQ(unfinished(), 1u);

  scratch_.write("a.jsonl", numbered(1, 40));
  const ImportReport report = import_records(store_, options_for(path, 10));
  EXPECT_EQ(report.resumed_after, 25u);
  EXPECT_EQ(report.records, 15u);
  EXPECT_FALSE(report.file_changed);
  EXPECT_EQ(sum_and_count(), SumAndCount(820, 40));
  EXPECT_EQ(unfinished(), 0u);
}

TEST_F(ImporterTest, AnImportThatStopsAnywhereGoesOnThereWithGeneratedKeys) {
  for (const std::string_view name : {"a.jsonl", "a.csv", "Packages"}) {
    std::string text = name == "a.csv" ? "n,text\n" : "";
    for (int n = 1; n <= 60; ++n) {
      if (name == "a.csv") text += std::to_string(n) + ",\"two\nlines\"\n";
      if (name == "a.jsonl") text += "\n" + numbered(n, n);
      if (name == "Packages") text += "# comment\nn: " + std::to_string(n) + "\n\n";
    }
    ImportOptions options = options_for(scratch_.write(name, text), 7);
    options.collection = "of " + std::string(name);
    std::uint64_t put = 0;
    int runs = 0;
    int batches_left = 0;
    options.progress = [&](const ImportProgress&) { return --batches_left > 0; };
    ImportReport report;
    do {
      batches_left = 1 + runs % 3;
      report = import_records(store_, options);
      EXPECT_EQ(report.resumed_after, put) << name;
      put += report.records;
      ASSERT_LT(++runs, 30) << name;
    } while (report.cancelled);
    EXPECT_GE(runs, 4) << name;
    EXPECT_EQ(put, 60u) << name;
    EXPECT_EQ(store_.collection(options.collection).count(), 60u) << name;
    std::uint64_t sum = 0;
    store_.collection(options.collection).scan({}, [&](const Record& record) {
      const ValueView n = record.value["n"];
      sum += n.type() == ValueType::string ? std::stoull(std::string(n.as_string())) : n.as_uint();
      return true;
    });
    EXPECT_EQ(sum, 1830u) << name;
  }
  EXPECT_EQ(unfinished(), 0u);
}

TEST_F(ImporterTest, OtherContentUnderTheSameNameIsImportedFromItsStart) {
  ImportOptions options = options_for(scratch_.write("a.jsonl", numbered(1, 30)), 10);
  options.progress = [](const ImportProgress&) { return false; };
  EXPECT_TRUE(import_records(store_, options).cancelled);
  options.progress = nullptr;
  scratch_.write("a.jsonl", numbered(101, 130));
  const ImportReport report = import_records(store_, options);
  EXPECT_TRUE(report.file_changed);
  EXPECT_EQ(report.resumed_after, 0u);
  EXPECT_EQ(report.records, 30u);
  EXPECT_EQ(things().count(), 40u);
  EXPECT_EQ(unfinished(), 0u);
}

TEST_F(ImporterTest, BadLinesMayBeSkippedAndAreCountedAndListed) {
  ImportOptions options =
      options_for(scratch_.write("a.jsonl", numbered(1, 3) + "nonsense\n" + numbered(5, 6) + "[]\n"), 2);
  options.skip_bad_lines = true;
  const ImportReport report = import_records(store_, options);
  EXPECT_EQ(report.records, 5u);
  ASSERT_EQ(report.bad_lines, 2u);
  EXPECT_NE(report.bad_line_reasons[0].find("a.jsonl:4: "), std::string::npos);
  EXPECT_NE(report.bad_line_reasons[1].find("a.jsonl:7: "), std::string::npos);
  EXPECT_EQ(unfinished(), 0u);
}

TEST_F(ImporterTest, ARecordThatTheStoreRefusesIsFoundByItsLineAndTheOthersComeIn) {
  store_.collection("things").create_index({"", {{"n"}}, true});
  std::string text = numbered(1, 20) + "{\"n\":5}\n" + numbered(22, 30) + "{\"n\":1}\n";
  ImportOptions options = options_for(scratch_.write("a.jsonl", text));
  const Error error = failure_of(options);
  EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  EXPECT_TRUE(says(error, "a.jsonl:21: ")) << error.what();
  EXPECT_EQ(things().count(), 20u);

  options.skip_bad_lines = true;
  const ImportReport report = import_records(store_, options);
  EXPECT_EQ(report.resumed_after, 20u);
  EXPECT_EQ(report.records, 9u);
  EXPECT_EQ(report.bad_lines, 2u);
  EXPECT_EQ(things().count(), 29u);
  EXPECT_EQ(unfinished(), 0u);
}

TEST_F(ImporterTest, AKeyOrRecordBeyondTheLimitsIsABadLine) {
  ImportOptions options = options_for(
      scratch_.write("a.jsonl", "{\"key\":\"" + std::string(300, 'k') + "\",\"value\":1}\n" +
                                    "{\"key\":\"\",\"value\":1}\n{\"key\":\"large\",\"value\":\"" +
                                    std::string(record_bytes_max, 'v') + "\"}\n{\"key\":\"good\",\"value\":1}\n"));
  options.skip_bad_lines = true;
  const ImportReport report = import_records(store_, options);
  EXPECT_EQ(report.records, 1u);
  EXPECT_EQ(report.bad_lines, 3u);
  EXPECT_TRUE(things().get("good"));
}

TEST_F(ImporterTest, TwoImportsOfOneFileAtTheSameTimeDoNotDoubleIt) {
  const std::string path = scratch_.write("a.jsonl", numbered(1, 30));
  ImportOptions second = options_for(path, 10);
  ImportOptions first = options_for(path, 10);
  bool raced = false;
  first.progress = [&](const ImportProgress&) {
    if (!raced) {
      EXPECT_EQ(import_records(store_, second).records, 20u);
    }
    raced = true;
    return true;
  };
  const Error error = failure_of(first);
  EXPECT_EQ(error.code(), ErrorCode::conflict);
  EXPECT_TRUE(says(error, "another process")) << error.what();
  EXPECT_EQ(sum_and_count(), SumAndCount(465, 30));
}

TEST_F(ImporterTest, WhatIsExportedImportsAgainAsItWas) {
  Collection source = store_.collection("source");
  source.put("a", Value::from_json(R"({"text":"x,\"y\"\r\nz","n":1,"f":2.0,"yes":true,"digits":"007","number":"12"})"));
  source.put("b", Value::from_json(R"({"n":-5,"other":"","list":[1,"two"],"none":null})"));
  source.put("ü,1", Value::from_json(R"({"n":18446744073709551615})"));
  for (const ExportFormat format : {ExportFormat::jsonl, ExportFormat::csv}) {
    std::ostringstream text;
    ExportOptions options;
    options.collection = "source";
    options.format = format;
    EXPECT_EQ(export_records(store_, options, text), 3u);
    const bool csv = format == ExportFormat::csv;
    store_.collection("things").drop();
    EXPECT_EQ(import_text(csv ? "out.csv" : "out.jsonl", text.str()).records, 3u);
    for (const Record& record : source.find().records) {
      Value expected = record.value;
      if (csv && record.key == "b") expected.set("list", Value(R"([1,"two"])")).erase("none");
      const std::optional<Record> read = things().get(record.key);
      ASSERT_TRUE(read) << record.key;
      EXPECT_EQ(read->value, expected) << read->value.to_json();
    }
  }
}

TEST_F(ImporterTest, AnExportTakesAFilterAnOrderALimitAndFields) {
  import_text("a.jsonl", numbered(1, 20));
  ExportOptions options;
  options.collection = "things";
  options.format = ExportFormat::csv;
  options.query.where = "n > 5";
  options.query.order = {{"n", true}};
  options.query.limit = 2;
  options.query.fields = {"n"};
  std::ostringstream text;
  EXPECT_EQ(export_records(store_, options, text), 2u);
  const std::string keys = things().find({}).records[19].key;
  EXPECT_TRUE(text.str().starts_with("_key,n\r\n" + keys + ",20\r\n")) << text.str();
  options.collection = "absent";
  EXPECT_THROW(export_records(store_, options, text), Error);
}

TEST_F(ImporterTest, AMissingFileIsNamedAndNothingIsMade) {
  EXPECT_EQ(failure_of(options_for(scratch_.file("absent"))).code(), ErrorCode::not_found);
  EXPECT_FALSE(things().exists());
}

}  // namespace
}  // namespace strata::ingest
