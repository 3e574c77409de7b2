#include "gotool/ways.hpp"

#include "sys/file.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <system_error>

namespace sluice::gotool {

std::string Ways::follow(const std::string& path, int links_left) {
  if (path.empty() || path == "/") return "/";
  const auto [known, is_new] = known_.try_emplace(path);
  if (!is_new) return known->second;
  const auto end = path.rfind('/');
  if (end == std::string::npos) return "";
  const std::string parent = follow(path.substr(0, end), links_left);
  std::string place = parent;
  const std::string name = path.substr(end + 1);
  if (name == "..") {
    place = parent == "/" ? parent : parent.substr(0, parent.rfind('/'));
    if (place.empty() && !parent.empty()) place = "/";
  } else if (!parent.empty() && !name.empty() && name != ".") {
    place = step((parent == "/" ? "" : parent) + "/" + name, links_left);
  }
  return known_[path] = place;
}

std::string Ways::step(const std::string& place, int links_left) {
  struct stat info{};
  if (::lstat(place.c_str(), &info) != 0) return "";
  if (!S_ISLNK(info.st_mode)) {
    if (S_ISDIR(info.st_mode)) met_.insert(place);
    return place;
  }
  met_.insert(place);
  std::error_code error;
  const auto target = std::filesystem::read_symlink(place, error);
  if (error || links_left == 0) return "";
  const auto whole = target.is_absolute() ? target : sys::Path(place).parent_path() / target;
  return follow(whole.native(), links_left - 1);
}

}  // namespace sluice::gotool
