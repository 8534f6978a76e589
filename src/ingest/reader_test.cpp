#include "ingest/reader.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "ingest/csv_field.hpp"
#include "ingest/scratch_directory.hpp"
#include "ingest/version_order.hpp"

namespace strata::ingest {
namespace {

class ReaderTest : public testing::Test {
 protected:
  /// Each record as `LINE [KEY] JSON`, each bad line as `bad LINE: reason`.
  std::vector<std::string> read(std::string_view name, std::string_view text, const ReaderOptions& options = {}) {
    std::vector<std::string> out;
    const std::string path = scratch_.write(name, text);
    LineSource source(path);
    std::unique_ptr<Reader> reader;
    try {
      reader = open_reader(source, options);
    } catch (const BadLine& bad) {
      return {described(bad, path)};
    }
    format_ = reader->format();
    while (true) {
      try {
        const std::optional<Item> item = reader->next();
        if (!item) return out;
        out.push_back(std::to_string(item->line) + (item->key ? " [" + *item->key + "] " : " ") +
                      item->value.to_json());
      } catch (const BadLine& bad) {
        out.push_back(described(bad, path));
      }
    }
  }

  static std::string described(const BadLine& bad, const std::string& path) {
    const std::string place = path + ":" + std::to_string(bad.line()) + ": ";
    const std::string text = bad.what();
    EXPECT_TRUE(text.starts_with(place)) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    return "bad " + std::to_string(bad.line()) + ": " + text.substr(place.size());
  }

  static void expect_bad(const std::string& said, std::uint64_t line, std::string_view part) {
    EXPECT_TRUE(said.starts_with("bad " + std::to_string(line) + ": ")) << said;
    EXPECT_NE(said.find(part), std::string::npos) << said;
  }

  ScratchDirectory scratch_;
  Format format_ = Format::auto_detect;
};

using Said = std::vector<std::string>;

TEST_F(ReaderTest, JsonLinesAreRecordsAndBlankLinesArePassedOver) {
  EXPECT_EQ(read("a.jsonl", "{\"a\":1}\n\n  \r\n{\"b\":[1,2.0]}\r\n"), (Said{R"(1 {"a":1})", R"(4 {"b":[1,2.0]})"}));
}

TEST_F(ReaderTest, AnExportedLineGivesItsKeyAndValueButAnObjectWithFurtherFieldsStaysWhole) {
  const std::string exported = R"({"key":"k","value":[1],"version":3,"created":"x","updated":"y"})";
  EXPECT_EQ(read("a.jsonl", exported), Said{"1 [k] [1]"});
  EXPECT_EQ(read("a.jsonl", R"({"key":"k","value":1,"unit":"m"})"), Said{R"(1 {"key":"k","value":1,"unit":"m"})"});
  EXPECT_EQ(read("a.jsonl", R"({"key":7,"value":1})"), Said{R"(1 {"key":7,"value":1})"});
  ReaderOptions whole;
  whole.own_keys = false;
  EXPECT_EQ(read("a.jsonl", R"({"key":"k","value":1})", whole), Said{R"(1 {"key":"k","value":1})"});
}

TEST_F(ReaderTest, AnotherLineThanAnObjectIsNamedAndTheOthersAreRead) {
  const Said said = read("a.jsonl", "{\"a\":1}\n{\"a\":\n[1]\n7\n{\"a\":2}");
  ASSERT_EQ(said.size(), 5u);
  EXPECT_EQ(said[0], R"(1 {"a":1})");
  expect_bad(said[1], 2, "column");
  EXPECT_EQ(said[1].find("line 1"), std::string::npos) << said[1];
  expect_bad(said[2], 3, "jq -c");
  expect_bad(said[3], 4, "must be an object");
  EXPECT_EQ(said[4], R"(5 {"a":2})");
}

TEST_F(ReaderTest, TheDumpOfAStoreIsSentToLoad) {
  const Said said = read("a.jsonl", R"({"strata":1,"digest_key":"00","position":1})");
  ASSERT_EQ(said.size(), 1u);
  expect_bad(said[0], 1, "strata load");
}

TEST_F(ReaderTest, CsvFieldsInQuotesMayHoldDelimitersQuotesAndLineBreaks) {
  EXPECT_EQ(read("a.csv", "name,text\r\nx,\"a,b\"\r\ny,\"say \"\"hi\"\"\r\nthere\"\r\n\r\nz,5\" disk\r\n"),
            (Said{R"(2 {"name":"x","text":"a,b"})", R"(3 {"name":"y","text":"say \"hi\"\r\nthere"})",
                  R"(6 {"name":"z","text":"5\" disk"})"}));
}

TEST_F(ReaderTest, CsvNumbersAndBooleansAreTypedAndWhatOnlyLooksLikeANumberIsNot) {
  EXPECT_EQ(read("a.csv", "a,b,c,d,e\n1,-2.50,true,,\"7\"\n"), Said{R"(2 {"a":1,"b":-2.5,"c":true,"e":"7"})"});
  EXPECT_EQ(read("a.csv", "a,b,c,d\n007,+7,.5,1e3\n"), Said{R"(2 {"a":"007","b":"+7","c":".5","d":1000.0})"});
  EXPECT_EQ(read("a.csv", "a,b\n18446744073709551615,18446744073709551616\n"),
            Said{R"(2 {"a":18446744073709551615,"b":"18446744073709551616"})"});
  EXPECT_EQ(read("a.csv", "a,b\n\"\",NaN\n"), Said{R"(2 {"a":"","b":"NaN"})"});
  ReaderOptions strings;
  strings.csv_types = CsvTypes::strings;
  EXPECT_EQ(read("a.csv", "a,b\n1,\n", strings), Said{R"(2 {"a":"1","b":""})"});
}

TEST_F(ReaderTest, ACsvColumnNamedKeyWithAnUnderscoreIsTheKey) {
  EXPECT_EQ(read("a.csv", "_key,n\nk1,1\n7,2\n"), (Said{R"(2 [k1] {"n":1})", R"(3 [7] {"n":2})"}));
}

TEST_F(ReaderTest, ATabSeparatesTheColumnsOfATsvFile) {
  EXPECT_EQ(read("a.tsv", "a\tb\n1,5\t2\n"), Said{R"(2 {"a":"1,5","b":2})"});
}

TEST_F(ReaderTest, ACsvRowThatDoesNotFitTheHeaderIsNamedAndTheOthersAreRead) {
  const Said said = read("a.csv", "a,b\n1\n2,3\n\"x\"y,1\n4,5,6\n7,\"open\nand on\n");
  ASSERT_EQ(said.size(), 5u);
  expect_bad(said[0], 2, "1 fields, the header 2");
  EXPECT_EQ(said[1], R"(3 {"a":2,"b":3})");
  expect_bad(said[2], 4, "closing quote of column 1");
  expect_bad(said[3], 5, "3 fields");
  expect_bad(said[4], 6, "column 2 is never closed");
}

TEST_F(ReaderTest, ACsvHeaderNamesEachColumnOnce) {
  expect_bad(read("a.csv", "a,a\n1,2\n").at(0), 1, "twice");
  expect_bad(read("a.csv", "a,\n1,2\n").at(0), 1, "column 2 of the header has no name");
}

TEST_F(ReaderTest, EveryValueReadsBackFromTheCsvFieldThatItIsWrittenAs) {
  const Value values[] = {Value(""),          Value("text"),     Value("7"),       Value("true"),    Value("a,b"),
                          Value("say \"x\""), Value("two\r\nl"), Value(" pad "),   Value(7),         Value(-2.5),
                          Value(1.0),         Value(1e300),      Value(true),      Value("007"),     Value("1e5"),
                          Value("a\tb"),      Value("\"\""),     Value("null"),    Value(false),     Value("-"),
                          Value("-0.0"),      Value("a\rb"),     Value(INT64_MIN), Value(UINT64_MAX)};
  std::string text = "v,end\r\n";
  for (const Value& value : values) {
    append_csv_field(value, text);
    text += ",1\r\n";
  }
  LineSource source(scratch_.write("a.csv", text));
  const auto reader = open_reader(source);
  for (const Value& value : values) {
    const std::optional<Item> item = reader->next();
    ASSERT_TRUE(item);
    EXPECT_EQ(item->value["v"].to_json(), value.to_json());
  }
}

TEST_F(ReaderTest, ADeb822StanzaBecomesATypedRecordUnderItsPackage) {
  EXPECT_EQ(
      read("Packages",
           "# comment\nPackage: hello\nInstalled-Size: 280\nSize: 56132\nDepends: libc6 (>= 2.34), a | b,\n c:any\n"
           "Description: greeting\n long text\n .\n  more\nTag:\n x::y,\n z\nEmpty:\n\n\nPackage: b\n"),
      (Said{R"x(2 [hello] {"Package":"hello","Installed-Size":280,"Size":56132,)x"
            R"x("Depends":["libc6 (>= 2.34)","a | b","c:any"],)x"
            R"x("Description":"greeting\nlong text\n\n more","Tag":["x::y","z"],"Empty":""})x",
            R"x(17 [b] {"Package":"b"})x"}));
}

TEST_F(ReaderTest, ABadStanzaIsNamedByItsLineAndPassedOverAsAWhole) {
  const Said said = read("Packages",
                         "Package: a\nSize: big\n\nPackage: b\nnonsense\nSize: 1\n\n stray\n\nPackage: c\nX: 1\nX: 2\n"
                         "\nPackage: d\n");
  ASSERT_EQ(said.size(), 5u);
  expect_bad(said[0], 2, "`big` is no whole number");
  expect_bad(said[1], 5, "neither");
  expect_bad(said[2], 8, "ahead of the stanza's first field");
  expect_bad(said[3], 12, "X twice");
  EXPECT_EQ(said[4], R"(14 [d] {"Package":"d"})");
}

TEST_F(ReaderTest, InvalidUtf8IsABadLineInEveryFormat) {
  expect_bad(read("a.jsonl", "{\"a\":\"\xff\"}\n").at(0), 1, "");
  expect_bad(read("a.csv", "a\n\xff\n").at(0), 2, "");
  expect_bad(read("Packages", "Package: \xff\n").at(0), 1, "Package");
}

TEST_F(ReaderTest, TheFormatIsTakenFromTheNameElseFromTheFirstLine) {
  const auto format_of = [this](std::string_view name, std::string_view text) {
    read(name, text);
    return format_;
  };
  EXPECT_EQ(format_of("x.ndjson", ""), Format::jsonl);
  EXPECT_EQ(format_of("deb.example.org_main_binary-amd64_Packages", ""), Format::deb822);
  EXPECT_EQ(format_of("x.csv.gz", "a\n"), Format::csv);
  EXPECT_EQ(format_of("x", " {\"a\": 1}"), Format::jsonl);
  EXPECT_EQ(format_of("x", "Package: a\n"), Format::deb822);
  EXPECT_EQ(format_of("x", "time,level\n10:00,3\n"), Format::csv);
  EXPECT_EQ(parse_format("csv"), Format::csv);
  EXPECT_EQ(parse_format("xml"), std::nullopt);
}

TEST(VersionOrder, IsThatOfDebian) {
  const std::vector<std::string_view> rising = {"~~",      "~",     "0~a",      "0.9",   "1.0~rc1-1", "1.0",
                                                "1.0-0.1", "1.0-1", "1.0-1+b1", "1.0-2", "1.0a",      "1.0+dfsg",
                                                "1.0.1",   "1.9",   "1.10",     "2-1",   "1:0.1",     "2:0"};
  for (std::size_t i = 0; i < rising.size(); ++i) {
    for (std::size_t j = 0; j < rising.size(); ++j) {
      EXPECT_EQ(compare_versions(rising[i], rising[j]), i <=> j) << rising[i] << " and " << rising[j];
    }
  }
  EXPECT_EQ(compare_versions("1.0-0", "1.0"), std::strong_ordering::equal);
  EXPECT_EQ(compare_versions("0:1.007", "1.7"), std::strong_ordering::equal);
}

}  // namespace
}  // namespace strata::ingest
