# Every switch of the build. CMakePresets.json names the useful combinations.
option(SLUICE_TESTS "Build the unit tests and the corpus replay programs" ON)
option(SLUICE_FUZZ "Build libFuzzer targets in place of tests (needs clang)" OFF)
option(SLUICE_RELEASE "Fully static, hardened, stripped, reproducible" OFF)
set(SLUICE_SANITIZE "" CACHE STRING "Sanitizers, as the compiler spells them: address,undefined or thread")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Debug CACHE STRING "Debug or Release" FORCE)
endif()
if(SLUICE_FUZZ AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "SLUICE_FUZZ needs clang: configure with `cmake --preset fuzz`")
endif()
