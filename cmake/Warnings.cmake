# Warnings are errors for both compilers, in every preset.
target_compile_options(sluice_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wcast-qual
  -Wnull-dereference -Wformat=2 -Wsuggest-override -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(sluice_settings INTERFACE -Wduplicated-cond -Wlogical-op)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # GCC bug 105651: string concatenation warns about overlapping copies that cannot be.
    target_compile_options(sluice_settings INTERFACE -Wno-restrict)
  endif()
else()
  # libstdc++'s own stable_sort uses what C++17 deprecates, and clang says so of its headers, too.
  # What sluice itself uses GCC tells.
  target_compile_options(sluice_settings INTERFACE -Wthread-safety -Wno-deprecated-declarations)
endif()
