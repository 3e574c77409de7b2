// A host in the first line, a netrc in the others.
#include "store/netrc.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  const auto login = store::find_login(text.substr(end + 1), text.substr(0, end));
  // A login is made of words of the file.
  if (login && (text.find(login->user) == std::string_view::npos ||
                text.find(login->password) == std::string_view::npos)) {
    std::abort();
  }
  return 0;
}
