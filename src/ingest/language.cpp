#include "ingest/language.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace strata::ingest {
namespace {

struct Named {
  std::string_view ending;
  FileLanguage language;
};

constexpr std::array endings{
    Named{"md", {Language::markdown, "markdown"}},
    Named{"markdown", {Language::markdown, "markdown"}},
    Named{"mdx", {Language::markdown, "markdown"}},
    Named{"c", {Language::c, "c"}},
    Named{"h", {Language::c, "c"}},
    Named{"cc", {Language::cpp, "cpp"}},
    Named{"cpp", {Language::cpp, "cpp"}},
    Named{"cxx", {Language::cpp, "cpp"}},
    Named{"c++", {Language::cpp, "cpp"}},
    Named{"hpp", {Language::cpp, "cpp"}},
    Named{"hh", {Language::cpp, "cpp"}},
    Named{"hxx", {Language::cpp, "cpp"}},
    Named{"h++", {Language::cpp, "cpp"}},
    Named{"ipp", {Language::cpp, "cpp"}},
    Named{"inl", {Language::cpp, "cpp"}},
    Named{"tcc", {Language::cpp, "cpp"}},
    Named{"cu", {Language::cpp, "cpp"}},
    Named{"py", {Language::python, "python"}},
    Named{"pyi", {Language::python, "python"}},
    Named{"pyw", {Language::python, "python"}},
    Named{"js", {Language::javascript, "javascript"}},
    Named{"mjs", {Language::javascript, "javascript"}},
    Named{"cjs", {Language::javascript, "javascript"}},
    Named{"jsx", {Language::javascript, "javascript"}},
    Named{"ts", {Language::typescript, "typescript"}},
    Named{"mts", {Language::typescript, "typescript"}},
    Named{"cts", {Language::typescript, "typescript"}},
    Named{"tsx", {Language::typescript, "typescript"}},
    Named{"rs", {Language::rust, "rust"}},
    Named{"go", {Language::go, "go"}},
    Named{"java", {Language::java, "java"}},
    Named{"json", {Language::text, "json"}},
    Named{"jsonl", {Language::text, "json"}},
    Named{"yaml", {Language::text, "yaml"}},
    Named{"yml", {Language::text, "yaml"}},
    Named{"toml", {Language::text, "toml"}},
    Named{"sh", {Language::text, "shell"}},
    Named{"bash", {Language::text, "shell"}},
    Named{"html", {Language::text, "html"}},
    Named{"htm", {Language::text, "html"}},
    Named{"css", {Language::text, "css"}},
    Named{"xml", {Language::text, "xml"}},
    Named{"sql", {Language::text, "sql"}},
    Named{"cmake", {Language::text, "cmake"}},
    Named{"rst", {Language::text, "rst"}},
    Named{"csv", {Language::text, "csv"}},
    Named{"rb", {Language::text, "ruby"}},
    Named{"pl", {Language::text, "perl"}},
    Named{"pm", {Language::text, "perl"}},
    Named{"tex", {Language::text, "tex"}},
};

constexpr std::array names{
    Named{"CMakeLists.txt", {Language::text, "cmake"}},
    Named{"Makefile", {Language::text, "make"}},
    Named{"Dockerfile", {Language::text, "docker"}},
};

constexpr std::array programs{
    Named{"python", {Language::python, "python"}}, Named{"node", {Language::javascript, "javascript"}},
    Named{"bash", {Language::text, "shell"}},      Named{"sh", {Language::text, "shell"}},
    Named{"perl", {Language::text, "perl"}},       Named{"ruby", {Language::text, "ruby"}},
};

}  // namespace

FileLanguage language_of(std::string_view path, std::string_view content) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  for (const Named& named : names) {
    if (name == named.ending) return named.language;
  }
  const std::size_t dot = name.rfind('.');
  if (dot != std::string_view::npos && dot != 0) {
    std::string ending(name.substr(dot + 1));
    std::transform(ending.begin(), ending.end(), ending.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const Named& named : endings) {
      if (ending == named.ending) return named.language;
    }
    return {};
  }
  if (content.starts_with("#!")) {
    const std::string_view line = content.substr(0, std::min<std::size_t>(content.find('\n'), 200));
    for (const Named& named : programs) {
      if (line.find(named.ending) != std::string_view::npos) return named.language;
    }
  }
  return {};
}

}  // namespace strata::ingest
