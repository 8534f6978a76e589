#include "store/url.hpp"

#include <algorithm>
#include <cctype>
#include <string>

#include "strata/error.hpp"
#include "strata/store.hpp"

namespace strata::store {
namespace {

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "store `" + strata::without_secrets(text) + "`: " + why);
}

bool is_scheme(std::string_view text) {
  // A single letter is a drive elsewhere, and no engine's name.
  return text.size() > 1 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::islower(c) || std::isdigit(c); });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decoded(std::string_view whole, std::string_view part) {
  std::string out;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] != '%') {
      out += part[i];
      continue;
    }
    const int high = i + 2 < part.size() ? hex_digit(part[i + 1]) : -1;
    const int low = i + 2 < part.size() ? hex_digit(part[i + 2]) : -1;
    if (high < 0 || low < 0) refuse(whole, "`%` must be followed by two hexadecimal digits");
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

void parse_parameters(std::string_view whole, std::string_view text, Url& url) {
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos || equals == 0) refuse(whole, "a parameter is written name=value");
    if (!url.parameters.emplace(decoded(whole, one.substr(0, equals)), decoded(whole, one.substr(equals + 1))).second) {
      refuse(whole, "parameter `" + std::string(one.substr(0, equals)) + "` is given twice");
    }
  }
}

}  // namespace

bool is_secret(std::string_view parameter) { return parameter == "password" || parameter == "sslpassword"; }

Url parse_url(std::string_view text) {
  Url url;
  if (text.empty())
    throw Error(ErrorCode::invalid_argument, "no store is named; give a directory or a URL such as lmdb:DIR");
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !is_scheme(text.substr(0, colon))) {
    url.location = text;
    return url;
  }
  url.scheme = text.substr(0, colon);
  if (url.scheme == "postgresql") url.scheme = "postgres";
  std::string_view rest = text.substr(colon + 1);
  if (const std::size_t question = rest.find('?'); question != std::string_view::npos) {
    parse_parameters(text, rest.substr(question + 1), url);
    rest = rest.substr(0, question);
  }
  url.location = rest;
  if (url.location.empty() && url.scheme != "memory") refuse(text, "say where, as in " + url.scheme + ":DIR");
  return url;
}

std::string without_secrets(const Url& url) {
  std::string shown = strata::without_secrets(url.scheme + ":" + url.location);
  char before = '?';
  for (const auto& [name, value] : url.parameters) {
    if (is_secret(name)) continue;
    shown += before + name + "=" + value;
    before = '&';
  }
  return shown;
}

}  // namespace strata::store

namespace strata {

std::string without_secrets(std::string_view text) {
  std::string shown(text.substr(0, text.find('?')));
  const std::size_t authority = shown.find("://");
  if (authority != std::string::npos) {
    const std::size_t begin = authority + 3;
    // The last @ counts: one who forgot to encode a password that holds others must not see it printed.
    const std::size_t at = shown.rfind('@');
    const std::size_t colon = shown.find(':', begin);
    if (at != std::string::npos && colon < at) shown.erase(colon, at - colon);
  }
  std::string_view rest = text.substr(std::min(text.size(), text.find('?')));
  char before = '?';
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::string_view one = rest.substr(0, rest.find('&'));
    rest.remove_prefix(one.size());
    if (store::is_secret(one.substr(0, one.find('=')))) continue;
    shown.append(1, before).append(one);
    before = '&';
  }
  return shown;
}

}  // namespace strata
