# What makes a developer's build quick where it is installed: ccache that also hits from another
# checkout directory, and mold. The release keeps the distribution's linker.
find_program(SLUICE_CCACHE ccache)
mark_as_advanced(SLUICE_CCACHE)
if(SLUICE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    env CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${SLUICE_CCACHE})
endif()
find_program(SLUICE_MOLD mold)
mark_as_advanced(SLUICE_MOLD)
if(SLUICE_MOLD AND NOT SLUICE_RELEASE)
  target_link_options(sluice_settings INTERFACE -fuse-ld=mold)
endif()
