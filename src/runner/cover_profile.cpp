#include "runner/cover_profile.hpp"

namespace sluice::runner {

std::string_view blocks_of(std::string_view profile) {
  if (!profile.starts_with("mode: ")) return {};
  const std::size_t end = profile.find('\n');
  return end == std::string_view::npos ? std::string_view() : profile.substr(end + 1);
}

Result<void> write_empty_profile(const sys::Path& file) {
  return sys::write_named_file(file, bytes_of("mode: set\n"));
}

Result<void> append_profiles(const sys::Path& file,
                             const std::map<std::string, std::string>& profiles) {
  TRY_ASSIGN(const auto there, sys::stat_file(file));
  if (!there) return fail(Code::not_found, file.native() + ": go has written no profile");
  for (const auto& [package, profile] : profiles) {
    TRY(sys::append_to_file(file, bytes_of(blocks_of(profile)), 0666));
  }
  return {};
}

}  // namespace sluice::runner
