# The binary people install: it must run in an empty root directory, and two builds of one commit must
# give the same bytes. docs/decisions/ says why it is static.
if(NOT SLUICE_RELEASE)
  return()
endif()
target_compile_definitions(sluice_settings INTERFACE _FORTIFY_SOURCE=3 _GLIBCXX_ASSERTIONS)
target_compile_options(sluice_settings INTERFACE
  -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection
  -ftrivial-auto-var-init=zero -ffunction-sections -fdata-sections
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -ffile-prefix-map=${CMAKE_BINARY_DIR}=.)
target_link_options(sluice_settings INTERFACE
  -static-pie -Wl,--gc-sections,-z,relro,-z,now,-z,noexecstack,-z,pack-relative-relocs -Wl,--build-id=none -s)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC bug 80635: when optimising, members of std::optional and std::expected look uninitialised.
  # clang and the sanitizers look for the real ones.
  target_compile_options(sluice_settings INTERFACE -Wno-maybe-uninitialized)
endif()
