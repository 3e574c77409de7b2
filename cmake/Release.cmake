# The binary people install: it must run in an empty root directory, and two builds of one commit must
# give the same bytes. docs/decisions/ says why it is static.
if(NOT SLUICE_RELEASE)
  return()
endif()
target_compile_definitions(sluice_settings INTERFACE _FORTIFY_SOURCE=3 _GLIBCXX_ASSERTIONS)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
  set(branch_protection -mbranch-protection=standard)
else()
  set(branch_protection -fcf-protection)
  set(relative_relocations -Wl,-z,pack-relative-relocs)  # binutils 2.40 packs them on x86 only
endif()
target_compile_options(sluice_settings INTERFACE
  -fPIE -fstack-protector-strong -fstack-clash-protection ${branch_protection}
  -ftrivial-auto-var-init=zero -ffunction-sections -fdata-sections
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -ffile-prefix-map=${CMAKE_BINARY_DIR}=.)
target_link_options(sluice_settings INTERFACE
  -static-pie -Wl,--gc-sections,-z,relro,-z,now,-z,noexecstack ${relative_relocations} -Wl,--build-id=none -s)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC bug 80635: when optimising, members of std::optional and std::expected look uninitialised.
  # clang and the sanitizers look for the real ones.
  target_compile_options(sluice_settings INTERFACE -Wno-maybe-uninitialized)
endif()
