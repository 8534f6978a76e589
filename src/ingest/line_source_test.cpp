#include "ingest/line_source.hpp"

#include <gtest/gtest.h>
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include <functional>
#include <vector>

#include "ingest/scratch_directory.hpp"
#include "strata/error.hpp"

namespace strata::ingest {
namespace {

std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string lz4(std::string_view text) {
  LZ4F_preferences_t checked{};  // as the lz4 command writes it
  checked.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  std::string out(LZ4F_compressFrameBound(text.size(), &checked), '\0');
  out.resize(LZ4F_compressFrame(out.data(), out.size(), text.data(), text.size(), &checked));
  return out;
}

std::vector<std::string> lines_of(LineSource& source) {
  std::vector<std::string> lines;
  std::string_view line;
  while (source.next(line)) lines.emplace_back(line);
  return lines;
}

std::string numbered_lines(int count) {
  std::string text;
  for (int i = 1; i <= count; ++i) text += "line " + std::to_string(i) + "\n";
  return text;
}

Error failure_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ErrorCode::internal, "");
}

class LineSourceTest : public testing::Test {
 protected:
  std::vector<std::string> read(std::string_view content) {
    LineSource source(scratch_.write("input", content));
    return lines_of(source);
  }
  ScratchDirectory scratch_;
};

using Lines = std::vector<std::string>;

TEST_F(LineSourceTest, AFileIsReadLineByLineWithOrWithoutAFinalLineEnd) {
  EXPECT_EQ(read("a\nb\n"), (Lines{"a", "b"}));
  EXPECT_EQ(read("a\nb"), (Lines{"a", "b"}));
  EXPECT_EQ(read("\n\na\r\n"), (Lines{"", "", "a\r"}));
  EXPECT_EQ(read(""), Lines{});
}

TEST_F(LineSourceTest, AByteOrderMarkIsNoPartOfTheFirstLine) {
  EXPECT_EQ(read("\xef\xbb\xbf{}\nx"), (Lines{"{}", "x"}));
  EXPECT_EQ(read("\xef\xbb\xbf"), Lines{});
}

TEST_F(LineSourceTest, ArchivesAreToldByTheirFirstBytesNotByTheirName) {
  const std::string text = numbered_lines(50'000);
  const Lines expected = read(text);
  ASSERT_EQ(expected.size(), 50'000u);
  EXPECT_EQ(read(gzip(text)), expected);
  EXPECT_EQ(read(zstd(text)), expected);
  EXPECT_EQ(read(lz4(text)), expected);
}

TEST_F(LineSourceTest, SeveralArchivesInOneFileAreOneText) {
  EXPECT_EQ(read(gzip("a\nb") + gzip("c\n") + lz4("d\n") + zstd("e")), (Lines{"a", "bc", "d", "e"}));
  EXPECT_EQ(read(gzip("a\n") + std::string(512, '\0')), Lines{"a"});
}

TEST_F(LineSourceTest, AnArchiveCutShortIsNamedAtWhateverByteItEnds) {
  const std::string text = numbered_lines(40);
  for (const std::string& whole : {gzip(text), zstd(text), lz4(text)}) {
    for (std::size_t bytes = 6; bytes < whole.size(); ++bytes) {
      const Error error = failure_of([&] { read(std::string_view(whole).substr(0, bytes)); });
      ASSERT_EQ(error.code(), ErrorCode::invalid_argument) << bytes;
      ASSERT_NE(std::string(error.what()).find(scratch_.file("input")), std::string::npos) << error.what();
    }
  }
}

TEST_F(LineSourceTest, ADamagedArchiveIsNamed) {
  const std::string text = numbered_lines(3000);
  for (std::string whole : {gzip(text), lz4(text)}) {
    whole[whole.size() / 2] = static_cast<char>(whole[whole.size() / 2] ^ 0x55);
    EXPECT_EQ(failure_of([&] { read(whole); }).code(), ErrorCode::invalid_argument);
  }
  EXPECT_EQ(failure_of([&] { read(gzip("a\n") + "what follows"); }).code(), ErrorCode::invalid_argument);
}

TEST_F(LineSourceTest, ArchivesOfOtherKindsAreRefusedWithTheWayToUnpackThem) {
  const Error error = failure_of([&] {
    read(
        std::string_view("\xfd"
                         "7zXZ\0\0",
                         7));
  });
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  EXPECT_NE(std::string(error.what()).find("xz -dc"), std::string::npos);
  EXPECT_EQ(failure_of([&] { read("BZh91AY"); }).code(), ErrorCode::unsupported);
  EXPECT_EQ(failure_of([&] { read("PK\x03\x04 and more"); }).code(), ErrorCode::unsupported);
  EXPECT_EQ(failure_of([&] { read(std::string_view("\xff\xfe{\0}\0", 6)); }).code(), ErrorCode::unsupported);
}

TEST_F(LineSourceTest, AMissingFileAndADirectoryAreNamed) {
  EXPECT_EQ(failure_of([&] { LineSource source(scratch_.file("absent")); }).code(), ErrorCode::not_found);
  EXPECT_EQ(failure_of([&] { LineSource source(scratch_.file("")); }).code(), ErrorCode::invalid_argument);
}

/// A source without a line end, which never ends.
class EndlessBytes : public ByteSource {
 public:
  std::size_t read(char* out, std::size_t size) override {
    std::fill_n(out, size, 'x');
    given += size;
    return size;
  }
  const std::string& name() const override { return name_; }
  std::uint64_t stored_bytes_read() const override { return given; }
  std::uint64_t stored_bytes() const override { return 0; }
  std::uint64_t given = 0;

 private:
  std::string name_ = "endless";
};

TEST_F(LineSourceTest, ALineBeyondTheBoundEndsTheReadingBeforeItFillsTheMemory) {
  auto bytes = std::make_unique<EndlessBytes>();
  const EndlessBytes& endless = *bytes;
  LineSource source(std::move(bytes));
  std::string_view line;
  EXPECT_EQ(failure_of([&] { source.next(line); }).code(), ErrorCode::limit_exceeded);
  EXPECT_LE(endless.given, 2 * line_bytes_max);
}

TEST_F(LineSourceTest, PeekingGivesTheLineThatComesNext) {
  LineSource source(scratch_.write("input", "a\nb\n"));
  std::string_view line;
  ASSERT_TRUE(source.peek(line));
  EXPECT_EQ(line, "a");
  EXPECT_EQ(source.point().line, 0u);
  EXPECT_EQ(lines_of(source), (Lines{"a", "b"}));
  EXPECT_FALSE(source.peek(line));
}

TEST_F(LineSourceTest, ReadingGoesOnAtAPlaceNotedEarlierUnlessTheTextBeforeItChanged) {
  std::string text = numbered_lines(1000);
  LineSource first(scratch_.write("input", text));
  std::string_view line;
  for (int i = 0; i < 700; ++i) ASSERT_TRUE(first.next(line));
  const SourcePoint point = first.point();

  LineSource again(scratch_.write("input", zstd(text + "one more\n")));
  ASSERT_TRUE(again.skip_to(point));
  ASSERT_TRUE(again.next(line));
  EXPECT_EQ(line, "line 701");

  text[20] = '#';
  LineSource changed(scratch_.write("input", text));
  EXPECT_FALSE(changed.skip_to(point));
  LineSource shorter(scratch_.write("input", "line 1\n"));
  EXPECT_FALSE(shorter.skip_to(point));
}

}  // namespace
}  // namespace strata::ingest
