// Stands in for the text index in a build without SQLite: whoever asks for one is told so.
#include "view/text/text_index.hpp"

#include "strata/error.hpp"
#include "view/text/text_condition.hpp"

namespace strata::view {
namespace {

[[noreturn]] void refuse() {
  throw Error(ErrorCode::unsupported, "this build has no text search; build Strata with -DSTRATA_SQLITE=ON");
}

}  // namespace

struct TextReading::State {};
class TextIndex::State {};

TextReading::TextReading(std::unique_ptr<State> state) : state_(std::move(state)) {}
TextReading::TextReading(TextReading&&) noexcept = default;
TextReading& TextReading::operator=(TextReading&&) noexcept = default;
TextReading::~TextReading() = default;
std::vector<TextHit> TextReading::search(std::string_view, std::size_t, std::size_t) { refuse(); }
commit::View& TextReading::view() { refuse(); }
std::uint64_t TextReading::rows() { refuse(); }
Position TextReading::indexed() const { refuse(); }
std::uint64_t TextReading::apart() const { refuse(); }
std::string TextReading::trouble() const { refuse(); }
std::uint64_t TextReading::damaged() const { refuse(); }

TextIndex::TextIndex(const std::string&, const TextOptions&, const std::string&) { refuse(); }
TextIndex::~TextIndex() = default;
TextReading TextIndex::read(const OpenView&) { refuse(); }
TextReading TextIndex::read_at(commit::Source&, const OpenView&) { refuse(); }
Position TextIndex::bring_up(const OpenView&, engine::Progress*) { refuse(); }
TextIndex::Description TextIndex::describe() { refuse(); }
std::string TextIndex::snippet(ValueView, std::string_view, std::size_t) { refuse(); }
std::uint64_t TextIndex::rows_written() const { refuse(); }
void TextIndex::try_advance(TextReading::State&, const OpenView&) { refuse(); }
const TextOptions& TextIndex::options() const { refuse(); }

struct TextCondition::State {};
TextCondition::TextCondition(const TextOptions&, const std::string&) { refuse(); }
TextCondition::TextCondition(TextCondition&&) noexcept = default;
TextCondition& TextCondition::operator=(TextCondition&&) noexcept = default;
TextCondition::~TextCondition() = default;
bool TextCondition::matches(ValueView) { refuse(); }

}  // namespace strata::view
