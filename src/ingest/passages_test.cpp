#include "ingest/passages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>

#include "strata/value.hpp"

namespace strata::ingest {
namespace {

std::vector<Passage> cut(std::string_view text, Language language) {
  const bool code = language != Language::text && language != Language::markdown;
  return cut_passages(text, language, code ? blank_comments(text, language) : CodeText{});
}

/// `first-last title`, one a line.
std::string outline_of(std::string_view text, Language language) {
  std::string out;
  for (const Passage& passage : cut(text, language)) {
    out += std::to_string(passage.first_line) + "-" + std::to_string(passage.last_line) + " " + passage.title + "\n";
  }
  return out;
}

void expect_whole(std::string_view text, const std::vector<Passage>& passages) {
  std::size_t at = 0;
  std::size_t line = 1;
  for (std::size_t i = 0; i < passages.size(); ++i) {
    const Passage& passage = passages[i];
    ASSERT_EQ(passage.begin, at) << i;
    ASSERT_LT(passage.begin, passage.end) << i;
    ASSERT_LE(passage.end - passage.begin, passage_bytes_max) << i;
    ASSERT_EQ(passage.first_line, line) << i;
    const std::string_view bytes = text.substr(passage.begin, passage.end - passage.begin);
    line += static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\n'));
    ASSERT_EQ(passage.last_line, line - (bytes.back() == '\n' ? 1 : 0)) << i;
    ASSERT_LT(passage.section.value_or(0), i + 1 - (passage.section ? 1 : 0)) << i;
    at = passage.end;
  }
  ASSERT_EQ(at, text.size());
}

/// So many lines that neighbours are not joined.
std::string filled(std::string_view before, std::string_view line, std::string_view after, int count = 45) {
  std::string text(before);
  for (int i = 0; i < count; ++i) text += line;
  return text + std::string(after);
}

constexpr std::array all_languages{Language::text,       Language::markdown,  Language::c,  Language::cpp,
                                   Language::python,     Language::rust,      Language::go, Language::java,
                                   Language::javascript, Language::typescript};

TEST(Passages, MarkdownIsCutByHeading) {
  const std::string_view text =
      "---\ntitle: x\n---\n"
      "# Guide #\nIntro\n\n"
      "Install\n-------\nRun it.\n\n"
      "```sh\n# no heading\n```\n"
      "~~~~\n# none\n```\n# none\n~~~~\n"
      "### Linux\napt\n"
      "    # indented code\n"
      "#no-space\n"
      "<!-- \n# none\n-->\n"
      "Reference\n=========\nEnd\n";
  EXPECT_EQ(outline_of(text, Language::markdown),
            "1-3 \n4-6 Guide\n7-18 Guide > Install\n19-25 Guide > Install > Linux\n26-28 Reference\n");
  const std::vector<Passage> passages = cut(text, Language::markdown);
  EXPECT_FALSE(passages[1].section);
  EXPECT_EQ(passages[2].section, 1U);
  EXPECT_EQ(passages[3].section, 2U);
  EXPECT_FALSE(passages[4].section);
  expect_whole(text, passages);
}

/// What the passages of a source are called, where each definition is too long to be joined with its neighbours.
std::string titles_of(std::string_view text, Language language) {
  const std::vector<Passage> passages = cut(text, language);
  expect_whole(text, passages);
  std::string out;
  for (const Passage& passage : passages) out += passage.title + "\n";
  return out;
}

TEST(Passages, CppIsCutByDefinition) {
  const std::string body = filled("", "    f(\"}\", '}', R\"x(})\" })x\", 1'000);  // }\n", "", 42);
  const std::string text =
      "// licence\n\n#include <a>\n\nnamespace one::two {\n\n/// Says.\n/* more } */\n"
      "template <class T = void()>\nstd::vector<T> Walk::run(int a) const {\n" +
      body +
      "}\n\n"
      "class Store final : public Base {\n public:\n  Store() : a_{1}, b_{2} {\n" +
      body + "  }\n  bool operator()(int) {\n" + body + "  }\n};\n\nTEST(Gate, Opens) {\n" + body +
      "}\n\nconst int table[] = {\n" + body + "};\n\n}\n";
  EXPECT_EQ(titles_of(text, Language::cpp),
            "\none::two\none::two > Walk::run\none::two > Store\none::two > Store > Store\n"
            "one::two > Store > operator()\none::two > Store\none::two > TEST(Gate, Opens)\none::two > table\n"
            "one::two\n");
  const Passage run = cut(text, Language::cpp)[2];
  EXPECT_EQ(run.first_line, 7U) << "the comments before it are its own";
}

TEST(Passages, BranchesOfThePreprocessorSeeTheSameBraces) {
  const std::string body = filled("", "  f();\n", "", 45);
  const std::string text = "#ifdef A\nint one(int a) {\n#else\nint one(long a) {\n#endif\n" + body +
                           "}\n#define X { \\\n  {\nint two(void) {\n" + body + "}\n";
  EXPECT_EQ(titles_of(text, Language::c), "\none\n\ntwo\n");
}

TEST(Passages, PythonIsCutByIndentation) {
  const std::string body = filled("", "        x = f(1,\n  2)\n", "", 22);
  const std::string text =
      "import os\n\n# About it.\n@cache\n@other(\n  1)\nclass Walk(Base):\n    \"\"\"Doc\ndef no():\n    \"\"\"\n" +
      ("    def run(self):\n" + body) + "\n    async def stop(self): # def\n" + body +
      "        def inner(): pass\n\nif main:\n  pass\n";
  EXPECT_EQ(titles_of(text, Language::python), "\nWalk\nWalk > run\nWalk > stop\n\n");
}

TEST(Passages, ScriptsAreCutByDefinition) {
  const std::string body = filled("", "    f(`a ${b(`}`)} }`, /}[/}]/, '}')\n", "", 44);
  const std::string text =
      "import x from 'x'\n\nexport default function main() {\n" + body + "}\nexport const go = async (a) => {\n" +
      body + "}\nclass Page extends Base {\n  @on('x')\n  async *render(a) {\n" + body + "  }\n  state = {\n" + body +
      "  }\n}\nmodule.exports = {\n" + body + "}\ninterface Shape {\n" + body + "}\n";
  EXPECT_EQ(titles_of(text, Language::typescript),
            "\nmain\ngo\nPage\nPage > render\nPage > state\nPage\nmodule.exports\nShape\n");
}

TEST(Passages, RustIsCutByItem) {
  const std::string body =
      filled("", "    f('{', '\\'', \"}\n\", r#\"}\"# , b'}', x::<'a>()); /* } /* } */ } */\n", "", 22);
  const std::string text =
      "use a::b;\n\n/// Says.\n#[derive(Debug)]\npub struct Walk<'a> {\n" + body +
      "}\n\nimpl<'a> Drop for Walk<'a> {\n    pub(crate) const fn run(&self) -> u64\n    where A: B {\n" + body +
      "    }\n}\nmod tests {\n    #[test]\n    fn it_works() {\n" + body + "    }\n}\n";
  EXPECT_EQ(titles_of(text, Language::rust),
            "\nWalk\nimpl<'a> Drop for Walk<'a>\nimpl<'a> Drop for Walk<'a> > run\nimpl<'a> Drop for Walk<'a>\n"
            "tests\ntests > it_works\ntests\n");
}

TEST(Passages, GoIsCutByDeclaration) {
  const std::string body = filled("", "\tf(`}\n`, '}', \"}\")\n", "", 22);
  const std::string text = "package a\n\nimport (\n\t\"fmt\"\n)\n\n// Run runs.\nfunc (w *Walk[T]) Run() error {\n" +
                           body + "}\n\nfunc main() {\n" + body + "}\n\ntype Walk struct {\n" + body +
                           "}\n\nvar table = map[string]int{\n" + body + "}\n";
  EXPECT_EQ(titles_of(text, Language::go), "\nWalk.Run\nmain\nWalk\ntable\n");
}

TEST(Passages, JavaIsCutByMember) {
  const std::string body = filled("", "    f(\"}\", '}', \"\"\"\n}\n\"\"\");\n", "", 15);
  const std::string text =
      "package a;\n\nimport b.C;\n\n/** Says. */\n@Deprecated\npublic class Walk<T> extends Base {\n  int a;\n" +
      ("  @Test(timeout = 1)\n  public void run() throws E {\n" + body) + "  }\n  static {\n" + body + "  }\n}\n";
  EXPECT_EQ(titles_of(text, Language::java), "\nWalk\nWalk > run\nWalk > static\nWalk\n");
}

TEST(Passages, ShortNeighboursStayTogether) {
  EXPECT_EQ(outline_of("int a() { return 1; }\n\nint b() {\n  return 2;\n}\n\nint c;\n", Language::cpp), "1-7 a, b\n");
}

TEST(Passages, LongDefinitionsAreSplitUnderTheirFirstPiece) {
  const std::string text = filled("void run() {\n", "  f(the_first, the_second);\n", "}\n", 200);
  const std::vector<Passage> passages = cut(text, Language::cpp);
  expect_whole(text, passages);
  ASSERT_EQ(passages.size(), 4U);
  for (std::size_t i = 1; i < passages.size(); ++i) {
    EXPECT_EQ(passages[i].title, "run");
    EXPECT_EQ(passages[i].section, 0U);
    EXPECT_LE(passages[i].last_line - passages[i].first_line, 60U);
  }
}

TEST(Passages, PlainTextIsCutBetweenParagraphs) {
  const std::string paragraph = filled("", "word word word\n", "\n", 30);
  const std::vector<Passage> passages = cut(paragraph + paragraph + "end", Language::text);
  ASSERT_EQ(passages.size(), 2U);
  EXPECT_EQ(passages[0].last_line, 31U);
  EXPECT_EQ(passages[1].last_line, 63U);
}

TEST(Passages, OneEndlessLineBecomesManyAndIsNotCutWithinACharacter) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "\xC3\xA9\xE2\x82\xAC";
  for (const Language language : all_languages) {
    const std::vector<Passage> passages = cut(text, language);
    expect_whole(text, passages);
    for (const Passage& passage : passages) {
      const std::string_view bytes = std::string_view(text).substr(passage.begin, passage.end - passage.begin);
      ASSERT_EQ(valid_text(bytes), bytes);
      ASSERT_EQ(passage.first_line, 1U);
    }
  }
}

TEST(Passages, HostileTextIsCutInBoundedNumberAndTime) {
  const auto repeated = [](std::string_view part, std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) text += part;
    return text;
  };
  for (const std::string_view part : {"# a\n", "\n",   "{",   "}",     "(",       "namespace a{\n", "/*",
                                      "\"",    "`${",  "=/[", "#if\n", "f(){}\n", "class a:\n",     "a\n\n\n",
                                      "'",     "R\"(", "<",   "@a(",   "```\n",   "a\n=\n",         "\\"}) {
    const std::string text = repeated(part, 20'000);
    for (const Language language : all_languages) {
      const std::vector<Passage> passages = cut(text, language);
      ASSERT_LE(passages.size(), passages_max) << part;
      ASSERT_EQ(passages.back().end, text.size());
    }
  }
}

TEST(Passages, EveryByteLiesInExactlyOne) {
  const char* replay = std::getenv("STRATA_TEST_SEED");
  const unsigned seed = replay != nullptr ? static_cast<unsigned>(std::atoll(replay)) : std::random_device()();
  SCOPED_TRACE("STRATA_TEST_SEED=" + std::to_string(seed) +
               " ingest_test --gtest_filter=Passages.EveryByteLiesInExactlyOne");
  std::mt19937 random(seed);
  const std::vector<std::string_view> words{"class A ",
                                            "def f():",
                                            "    ",
                                            "\n",
                                            "\n\n",
                                            "{",
                                            "}",
                                            "(",
                                            ")",
                                            ";",
                                            "# ",
                                            "## b\n",
                                            "=====\n",
                                            "---\n",
                                            "```\n",
                                            "\"",
                                            "\"\"\"",
                                            "'",
                                            "//",
                                            "/*",
                                            "*/",
                                            "`",
                                            "${",
                                            "fn a() ",
                                            "impl B ",
                                            "namespace",
                                            " x ",
                                            "#if\n",
                                            "#else\n",
                                            "#endif\n",
                                            "\xFF",
                                            "\xC3",
                                            "\xE2\x82\xAC",
                                            std::string_view("\0", 1),
                                            "func ",
                                            "@x\n",
                                            "r#\"",
                                            "R\"(",
                                            ")\"",
                                            "\\\n",
                                            "\r\n",
                                            "\t",
                                            "=",
                                            "<",
                                            ">",
                                            "void f() {\n"};
  for (int round = 0; round < 60; ++round) {
    std::string text;
    const std::size_t count = random() % 4000;
    for (std::size_t i = 0; i < count; ++i) text += words[random() % words.size()];
    if (round % 7 == 0) {
      for (char& c : text) c = random() % 9 == 0 ? static_cast<char>(random()) : c;
    }
    for (const Language language : all_languages) {
      expect_whole(text, cut(text, language));
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Passages, AnEmptyTextHasNone) {
  for (const Language language : all_languages) EXPECT_TRUE(cut("", language).empty());
}

TEST(ValidText, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(valid_text("a\xFF"
                       "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(valid_text("\xC3\xA9"), "\xC3\xA9");
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& c : bytes) c = static_cast<char>(random() % 3 == 0 ? random() : 0xC0 + random() % 0x40);
    EXPECT_EQ(Value(valid_text(bytes)).as_string(), valid_text(bytes));
  }
}

}  // namespace
}  // namespace strata::ingest
