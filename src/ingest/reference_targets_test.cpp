#include "ingest/reference_targets.hpp"

#include <gtest/gtest.h>

namespace strata::ingest {
namespace {

/// `type name:line`, one a line, files with a slash before them.
std::string targets(const std::vector<std::string>& tree, std::string_view path, Language language,
                    std::string_view text, const std::map<std::string, std::string>& go_modules = {}) {
  const bool is_code = language != Language::text && language != Language::markdown;
  const CodeText code = is_code ? blank_comments(text, language) : CodeText{};
  std::string out;
  for (const ReferenceTarget& target :
       ReferenceTargets(tree, go_modules).find(path, language, find_references(text, language, code))) {
    out += target.type + " " + (target.is_file ? "/" : "") + target.name + ":" + std::to_string(target.line) + "\n";
  }
  return out;
}

TEST(References, MarkdownLinksLeadToFiles) {
  const std::vector<std::string> tree{"README.md", "docs/guide.md", "docs/a b.md", "docs/logo(1).png", "src/README.md"};
  EXPECT_EQ(targets(tree, "docs/guide.md", Language::markdown,
                    "[up](../README.md#top) ![logo](logo(1).png \"L\")\n"
                    "[blank](<a b.md>) [coded](a%20b.md) [root](/README.md) [folder](../src/)\n"
                    "[web](https://x.org/a.md) [mail](mailto:a@b) [self](#here) [own](guide.md)\n"
                    "```\n[no](no.md)\n```\n"
                    "`[no](no2.md)` \\[no](no3.md)\n"
                    "[ref]: old.md 'title'\n[^1]: note\n[out](../../x.md) [host](//h/x)\n"),
            "links /README.md:1\nlinks /docs/a b.md:2\nlinks /docs/logo(1).png:1\n"
            "links missing:../../x.md:10\nlinks missing:docs/old.md:8\nlinks /src/README.md:2\n");
}

TEST(References, IncludesLeadToHeaders) {
  const std::vector<std::string> tree{"src/a/a.cpp", "src/a/a.hpp", "src/base/b.hpp",  "include/strata/store.hpp",
                                      "x/dup.hpp",   "y/dup.hpp",   "src/a/z/dup.hpp", "compat/string.h"};
  EXPECT_EQ(
      targets(tree, "src/a/a.cpp", Language::cpp,
              "#include \"a.hpp\"\n#  include \"base/b.hpp\"\n#include <strata/store.hpp>\n#include <vector>\n"
              "// #include \"no.hpp\"\n/*\n#include \"no.hpp\"\n*/\n#include \"dup.hpp\"\n#include \"../base/b.hpp\"\n"
              "#include <string.h>\n#include \"gone.hpp\"\nconst char* s = \"#include <no>\";\n"),
      "includes /include/strata/store.hpp:3\nincludes include:gone.hpp:12\nincludes include:string.h:11\n"
      "includes include:vector:4\nincludes /src/a/a.hpp:1\nincludes /src/a/z/dup.hpp:9\n"
      "includes /src/base/b.hpp:2\n");
  EXPECT_EQ(targets(tree, "main.cpp", Language::cpp, "#include \"dup.hpp\"\n"), "includes include:dup.hpp:1\n")
      << "two that are as near";
}

TEST(References, PythonModulesAreFoundFromTheFoldersAbove) {
  const std::vector<std::string> tree{"src/app/__init__.py",   "src/app/main.py",     "src/app/net/__init__.py",
                                      "src/app/net/http.py",   "src/app/net/json.py", "tests/test_main.py",
                                      "src/app/net/deep/io.py"};
  EXPECT_EQ(
      targets(tree, "src/app/net/http.py", Language::python,
              "import app.main as m, os.path, json\nfrom . import json\nfrom .deep import io\nfrom .. import main\n"
              "from app.net.http import x\nfrom app import (\n  net,  # c\n  other)\nfrom .gone import y\n"
              "'''\nimport no\n'''\nfrom numpy.linalg import norm; import re\n  import late\n"),
      "imports missing:.gone.y:9\nimports module:json:1\nimports module:late:14\nimports module:numpy:13\n"
      "imports module:os:1\nimports /src/app/__init__.py:6\nimports /src/app/main.py:1\n"
      "imports /src/app/net/__init__.py:6\nimports /src/app/net/deep/io.py:3\nimports /src/app/net/json.py:2\n");
  EXPECT_EQ(targets(tree, "tests/test_main.py", Language::python, "from app.main import run\n"),
            "imports /src/app/main.py:1\n")
      << "by a suffix that only one has";
}

TEST(References, ScriptsNameFilesWithAndWithoutEndings) {
  const std::vector<std::string> tree{"src/a.ts", "src/b.tsx", "src/ui/index.js", "src/c.mjs", "src/d.json"};
  EXPECT_EQ(
      targets(tree, "src/a.ts", Language::typescript,
              "import x from './b'\nimport './ui'\nexport * from \"./c.mjs\"\nconst d = require('./d.json')\n"
              "const e = await import(`./b.js`)\nimport {\n y\n} from '@scope/pkg/deep'\nimport fs from 'node:fs'\n"
              "// import no from './no'\nf('./no')\nimport z from './gone'\nimport 'react/x'\n"),
      "imports missing:src/gone:12\nimports module:@scope/pkg:8\nimports module:fs:9\nimports module:react:13\n"
      "imports /src/b.tsx:1\nimports /src/c.mjs:3\nimports /src/d.json:4\nimports /src/ui/index.js:2\n");
}

TEST(References, RustModulesAndUses) {
  const std::vector<std::string> tree{"src/lib.rs", "src/a.rs", "src/a/inner.rs", "src/b/mod.rs", "src/b/leaf.rs"};
  EXPECT_EQ(targets(tree, "src/lib.rs", Language::rust,
                    "mod a;\npub mod b;\nmod here { }\nuse std::io;\nuse serde::Value;\n"),
            "imports module:serde:5\nimports module:std:4\nimports /src/a.rs:1\nimports /src/b/mod.rs:2\n");
  EXPECT_EQ(targets(tree, "src/a.rs", Language::rust,
                    "mod inner;\nuse crate::b::{leaf::Leaf, Other as O, self};\nuse super::b::*;\nuse crate::Top;\n"),
            "imports /src/a/inner.rs:1\nimports /src/b/leaf.rs:2\nimports /src/b/mod.rs:2\nimports /src/lib.rs:4\n");
  EXPECT_EQ(targets(tree, "src/b/leaf.rs", Language::rust, "use super::Thing;\nuse super::super::a;\n"),
            "imports /src/a.rs:2\n");
}

TEST(References, GoPackagesOfTheModule) {
  const std::vector<std::string> tree{"go.mod", "main.go", "store/a.go", "store/b.go", "store/a_test.go"};
  EXPECT_EQ(targets(tree, "main.go", Language::go,
                    "package main\n\nimport \"fmt\"\nimport (\n\ts \"example.org/x/store\"\n\t\"other.org/y\"\n)\n"
                    "var a = \"example.org/x\"\n",
                    {{"go.mod", "// c\nmodule example.org/x // c\n\ngo 1.20\n"}}),
            "imports module:fmt:3\nimports module:other.org/y:6\nimports /store/a.go:5\nimports /store/b.go:5\n");
}

TEST(References, JavaClassesAndPackages) {
  const std::vector<std::string> tree{"src/main/java/org/x/A.java", "src/main/java/org/x/B.java",
                                      "src/main/java/org/y/C.java"};
  EXPECT_EQ(targets(tree, "src/main/java/org/y/C.java", Language::java,
                    "package org.y;\nimport org.x.A;\nimport static org.x.B.Inner.f;\nimport java.util.List;\n"),
            "imports module:java.util:4\nimports /src/main/java/org/x/A.java:2\n"
            "imports /src/main/java/org/x/B.java:3\n");
  EXPECT_EQ(targets(tree, "src/main/java/org/y/C.java", Language::java, "import org.x.*;\nimport java.io.*;\n"),
            "imports module:java.io:2\nimports /src/main/java/org/x/A.java:1\n"
            "imports /src/main/java/org/x/B.java:1\n");
}

}  // namespace
}  // namespace strata::ingest
