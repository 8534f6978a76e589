// Symbols that files define, as universal-ctags tells them where it is installed.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ingest/ingested_file.hpp"

namespace strata::ingest {

inline constexpr std::size_t symbols_max = 20'000;  ///< Of one file.

/// Whether `ctags` is universal-ctags with JSON built in.
bool has_symbols_program();

/// By path; each symbol of a file once, by name, at its first line. Nothing for files that the program does not know.
std::map<std::string, std::vector<Symbol>> find_symbols(const std::vector<std::string>& paths);

}  // namespace strata::ingest
