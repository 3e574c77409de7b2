#include "store/objects.hpp"

#include "base/strings.hpp"
#include "store/folder.hpp"
#include "store/http.hpp"
#include "store/s3.hpp"
#include "sys/fd.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::store {

namespace {

constexpr std::size_t k_piece_size = 256U << 10U;

bool is_element(std::string_view element) {
  if (element.empty() || element.size() > k_key_element_size_max || element.front() == '.') {
    return false;
  }
  return std::ranges::all_of(element, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace

Result<void> check_key(std::string_view key) {
  if (key.size() <= k_key_size_max && std::ranges::all_of(split(key, '/'), is_element)) return {};
  return fail(Code::invalid, fmt::format("\"{}\" is not a key of a store", printable(key)));
}

Body Body::part(std::uint64_t begin, std::uint64_t size) const {
  Body body = *this;
  body.size_ = size;
  body.offset_ += begin;
  if (fd_ < 0) {
    body.bytes_ = bytes_.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(size));
  }
  return body;
}

std::optional<ByteView> Body::in_memory() const {
  if (fd_ >= 0 && size_ > 0) return std::nullopt;
  return bytes_;
}

Result<void> Body::read(std::uint64_t position, MutableByteView into) const {
  if (position > size_ || into.size() > size_ - position) {
    return fail(Code::invalid, "read past the end of a body");
  }
  if (fd_ < 0) {
    std::ranges::copy(bytes_.subspan(static_cast<std::size_t>(position), into.size()),
                      into.begin());
    return {};
  }
  TRY_ASSIGN(const std::size_t count, sys::read_at(fd_, into, offset_ + position));
  if (count == into.size()) return {};
  return fail(Code::io, "the file became shorter while it was read");
}

Result<void> Body::each(const codec::ByteSink& sink) const {
  if (fd_ < 0) {
    for (std::size_t at = 0; at < bytes_.size(); at += k_piece_size) {
      TRY(sink(bytes_.subspan(at, std::min(k_piece_size, bytes_.size() - at))));
    }
    return {};
  }
  Bytes piece(static_cast<std::size_t>(std::min<std::uint64_t>(k_piece_size, size_)));
  for (std::uint64_t at = 0; at < size_; at += piece.size()) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), size_ - at)));
    TRY(read(at, piece));
    TRY(sink(piece));
  }
  return {};
}

Result<std::unique_ptr<Objects>> open_objects(const StoreUrl& url, const sys::Environment& env) {
  if (url.scheme == "file") return open_folder(url.path);
  if (url.scheme == "s3") return open_s3(url, env);
  if (url.scheme == "http" || url.scheme == "https") return open_http(url, env);
  return std::unexpected(unknown_scheme(url.scheme));
}

}  // namespace sluice::store
