#include "gotool/link_mode.hpp"

#include "base/strings.hpp"
#include "sys/fd.hpp"

#include <fmt/format.h>

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace sluice::gotool {
namespace {

constexpr std::string_view k_archive_magic = "!<arch>\n";
constexpr std::string_view k_go_object_magic = "go object ";
constexpr std::size_t k_member_header_size = 60;
constexpr std::size_t k_member_name_size = 16;
constexpr std::size_t k_member_size_at = 48;
constexpr std::size_t k_member_size_size = 10;
constexpr std::size_t k_members_max = 1U << 20U;
constexpr std::uint64_t k_member_bytes_max = 4ULL << 30U;
constexpr std::uint64_t k_section_names_max = 1U << 20U;

std::unexpected<Error> not_cached(std::string_view package, std::string_view reason) {
  return fail(Code::unsupported, fmt::format("link: {}: {}", printable(package, 120), reason));
}

struct Member {
  std::string name;
  std::uint64_t size = 0;
};

std::optional<Member> parse_header(std::string_view header) {
  const auto size =
      parse_int<std::uint64_t>(trim(header.substr(k_member_size_at, k_member_size_size)));
  if (!size || header.substr(k_member_size_at + k_member_size_size) != "`\n") return std::nullopt;
  return Member{std::string(trim(header.substr(0, k_member_name_size))), *size};
}

// What cmd/link's loadobjfile makes of one member.
Result<void> check_member(const Member& member, std::string_view begin, std::string_view package,
                          bool allow_host_objects) {
  if (member.name == "__.PKGDEF" || begin.starts_with(k_go_object_magic)) return {};
  if (member.name == "preferlinkext" || member.name == "dynimportfail") {
    return not_cached(package, "it asks for a C linker");
  }
  const auto dot = member.name.rfind('.');
  const std::string_view extension =
      dot == std::string::npos ? std::string_view() : std::string_view(member.name).substr(dot);
  const bool is_skipped =
      member.name.size() < k_member_name_size && extension != ".o" && extension != ".syso";
  if (is_skipped) return {};
  if (!is_internal_host_package(package)) return not_cached(package, "it holds C objects");
  if (!allow_host_objects) return not_cached(package, "C objects where none are expected");
  return {};
}

Result<std::string> section_names(int fd, const Elf64_Ehdr& header) {
  Elf64_Shdr names;
  const std::uint64_t at = header.e_shoff + std::uint64_t{header.e_shstrndx} * sizeof names;
  TRY_ASSIGN(const std::size_t count,
             sys::read_at(fd, std::as_writable_bytes(std::span(&names, 1)), at));
  if (count != sizeof names || names.sh_size > k_section_names_max) {
    return fail(Code::unsupported, "link: the program's sections cannot be read");
  }
  std::string text(names.sh_size, '\0');
  TRY(sys::read_at(fd, std::as_writable_bytes(std::span(text)), names.sh_offset));
  return text;
}

}  // namespace

Result<void> check_archive(const sys::Path& archive, std::string_view package,
                           bool allow_host_objects) {
  TRY_ASSIGN(const sys::Fd fd, sys::open_read(archive));
  std::array<std::byte, k_member_header_size + k_go_object_magic.size()> buffer;
  TRY_ASSIGN(std::size_t count,
             sys::read_at(fd.get(), std::span(buffer).first(k_archive_magic.size()), 0));
  if (text_of(ByteView(buffer).first(count)) != k_archive_magic) {
    return not_cached(package, "no archive");
  }
  std::uint64_t at = k_archive_magic.size();
  for (std::size_t members = 0; members < k_members_max; ++members) {
    TRY_ASSIGN(count, sys::read_at(fd.get(), buffer, at));
    if (count == 0) return {};
    if (count < k_member_header_size) break;
    const std::string_view text = text_of(ByteView(buffer).first(count));
    const auto member = parse_header(text.substr(0, k_member_header_size));
    if (!member || member->size > k_member_bytes_max) break;
    const auto begin = text.substr(k_member_header_size, member->size);
    TRY(check_member(*member, begin, package, allow_host_objects));
    at += k_member_header_size + member->size + member->size % 2;
  }
  return not_cached(package, "a malformed archive");
}

Result<void> check_program(const sys::Path& program) {
  TRY_ASSIGN(const sys::Fd fd, sys::open_read(program));
  Elf64_Ehdr header;
  TRY_ASSIGN(const std::size_t count,
             sys::read_at(fd.get(), std::as_writable_bytes(std::span(&header, 1)), 0));
  const bool is_elf = count >= SELFMAG && std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0;
  if (!is_elf) return {};
  const bool is_native64 = count == sizeof header && header.e_ident[EI_CLASS] == ELFCLASS64 &&
                           header.e_ident[EI_DATA] == ELFDATA2LSB;
  if (!is_native64) return {};  // the archives have been looked at
  if (header.e_shoff == 0 || header.e_shentsize != sizeof(Elf64_Shdr)) {
    return fail(Code::unsupported, "link: the program has no sections");
  }
  TRY_ASSIGN(const std::string names, section_names(fd.get(), header));
  constexpr std::string_view k_comment("\0.comment\0", 10);
  if (names.find(k_comment) == std::string::npos) return {};
  return fail(Code::unsupported, "link: a C linker made this program");
}

}  // namespace sluice::gotool
