# Cross-compiles for arm64 with Debian's compiler, against Debian's arm64 libraries (multiarch): those
# lie under /usr/lib/aarch64-linux-gnu, where the compiler and find_library look by themselves.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig)
