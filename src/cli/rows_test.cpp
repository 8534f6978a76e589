#include "cli/rows.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/text.hpp"

namespace strata::cli {
namespace {

std::string written(const std::vector<Row>& rows, Format format, std::size_t width = 0, std::string_view footer = {}) {
  std::ostringstream out;
  const auto writer = make_row_writer(Display{out, format, width, false});
  for (const Row& row : rows) writer->write(row);
  writer->finish(footer);
  return out.str();
}

Record record(std::string key, std::string_view json) {
  return Record{
      std::move(key), Value::from_json(json), Version{7}, *Time::parse("2024-05-01"), *Time::parse("2024-05-02"), {}};
}

TEST(Rows, ARecordIsOneJsonLineWithKeyValueVersionAndTimes) {
  EXPECT_EQ(written({record_row(record("n1", R"({"a":1,"b":"x"})"), Format::jsonl, {})}, Format::jsonl),
            R"({"key":"n1","value":{"a":1,"b":"x"},"version":7,"created":"2024-05-01T00:00:00.000000Z",)"
            R"("updated":"2024-05-02T00:00:00.000000Z"})"
            "\n");
}

TEST(Rows, CsvQuotesWhatNeedsItAndTellsNullFromTheEmptyString) {
  const Row row = {{"a", Value("x,\"y\"")}, {"b", Value(nullptr)}, {"c", Value("")}, {"d", Value(1)}};
  EXPECT_EQ(written({row, row}, Format::csv), "a,b,c,d\n\"x,\"\"y\"\"\",,\"\",1\n\"x,\"\"y\"\"\",,\"\",1\n");
}

TEST(Rows, MarkdownEscapesItsOwnSign) {
  EXPECT_EQ(written({{{"a", Value("x|y")}, {"n", Value(3)}}}, Format::md), "| a | n |\n|---|---:|\n| x\\|y | 3 |\n");
}

TEST(Rows, ATableShowsMembersAsColumnsBetweenKeyAndVersion) {
  const std::vector<Row> rows = {
      record_row(record("n1", R"({"kind":"note","score":5})"), Format::table, {}),
      record_row(record("n2", R"({"kind":"task","done":true,"score":12})"), Format::table, {})};
  EXPECT_EQ(written(rows, Format::table),
            "key  kind  done  score  version\n"
            "───  ────  ────  ─────  ───────\n"
            "n1   note            5        7\n"
            "n2   task  true     12        7\n");
}

TEST(Rows, AMemberNamedAsTheKeyDoesNotHideTheKey) {
  const std::string table = written({record_row(record("n1", R"({"key":"other"})"), Format::table, {})}, Format::table);
  EXPECT_NE(table.find("n1"), std::string::npos);
  EXPECT_NE(table.find("value.key"), std::string::npos);
}

TEST(Rows, ATableStaysWithinTheTerminal) {
  std::string json = "{";
  for (int i = 0; i < 20; ++i) json += (i == 0 ? "\"m" : ",\"m") + std::to_string(i) + "\":\"größer als eine Spalte\"";
  const std::string table = written({record_row(record("n1", json + "}"), Format::table, {})}, Format::table, 60);
  std::istringstream lines(table);
  int checked = 0;
  for (std::string line; std::getline(lines, line) && !line.starts_with("("); ++checked) {
    EXPECT_LE(display_width(line), 60U) << line;
  }
  EXPECT_EQ(checked, 3);
  EXPECT_NE(table.find("version"), std::string::npos);
  EXPECT_NE(table.find("not shown: "), std::string::npos);
}

TEST(Rows, AColumnThatComesTooLateIsNamedAtTheEnd) {
  std::vector<Row> rows(1000, Row{{"a", Value(1)}});
  rows.push_back({{"a", Value(1)}, {"late", Value(2)}});
  EXPECT_NE(written(rows, Format::table, 0, "1,001 rows").find("(1,001 rows; not shown: late"), std::string::npos);
}

TEST(Rows, ControlCharactersInDataDoNotReachTheTable) {
  EXPECT_EQ(written({{{"a", Value("x\x1b[2J\ny")}}}, Format::table).find('\x1b'), std::string::npos);
}

TEST(Rows, ASheetIsALineForEachPropertyOrOneObject) {
  std::ostringstream table;
  write_sheet({table, Format::table, 0, false}, {{"records", Value(1200), "1,200"}, {"ok", Value(true)}});
  EXPECT_EQ(table.str(), "records  1,200\nok       true\n");
  std::ostringstream json;
  write_sheet({json, Format::jsonl, 0, false}, {{"records", Value(1200), "1,200"}, {"ok", Value(true)}});
  EXPECT_EQ(json.str(), "{\"records\":1200,\"ok\":true}\n");
}

}  // namespace
}  // namespace strata::cli
