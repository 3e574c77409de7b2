// Words and texts that the link cache reads: GOFLAGS, importcfg and the linker's command line.
#include "base/strings.hpp"
#include "gotool/go_flags.hpp"
#include "gotool/link_command.hpp"
#include "sys/environment.hpp"

#include <cstdint>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;  // NOLINT(google-build-using-namespace)
  const std::string_view text = text_of(std::as_bytes(std::span(data, size)));
  (void)gotool::parse_import_config(text);
  const auto words = gotool::split_go_words(text);
  if (!words) return 0;
  sys::Environment env;
  env.set("GOOS", "linux");
  env.set("GOARCH", "amd64");
  (void)gotool::parse_link_command(*words, env);
  const auto flags = gotool::goflags_with_toolexec(text, {}, "/opt/tools/sluice-toolexec");
  if (!flags) return 0;
  // What was there is there still, and one word more.
  const auto again = gotool::split_go_words(*flags);
  if (!again || again->size() != words->size() + 1) std::abort();
  for (std::size_t i = 0; i < words->size(); ++i) {
    if ((*again)[i] != (*words)[i]) std::abort();
  }
  return 0;
}
