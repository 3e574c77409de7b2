#include "base/subkey.hpp"

namespace sluice {

const std::array<std::string_view, k_subkey_description_count> k_subkey_descriptions = {
    "stdout",           // what a compile or vet step printed
    "srcfiles",         // names of the generated files that belong to a package
    "link-stdout",      // what a link step printed
    "fix.zip",          // what vet would change, Go 1.26
    "coverprofile",     // of a test run, Go 1.25
    "_cgo_gotypes.go",  // generated files of a package that uses cgo
    "_cgo_import.go",
    "_cgo_install.h",
    "covervars.go",  // generated files of a package built with -cover
    "_testmain.cover.go",
    "gccSupportsFlag -fno-caret-diagnostics",  // what the C compiler can do
    "gccSupportsFlag -Qunused-arguments",
    "gccSupportsFlag -fdebug-prefix-map=a=b",
    "gccSupportsFlag -ffile-prefix-map=a=b",
    "gccSupportsFlag -gno-record-gcc-switches",
    "gccSupportsFlag -frandom-seed=1",
    "gccSupportsFlag -Wl,--no-gc-sections",
};

ActionId subkey(const ActionId& parent, std::string_view description) {
  Sha256 hash;
  hash.update(bytes_of("subkey:"));
  hash.update(parent.view());
  hash.update(bytes_of(description));
  return hash.finish_as<ActionId>();
}

}  // namespace sluice
