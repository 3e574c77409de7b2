# SLUICE_VERSION: the tag `git describe` finds (v1.2.0-3-gabc), else the VERSION file with the commit
# behind it (0.1.0+gabc), else the VERSION file alone (a source tarball). Found when CMake configures.
# Only units called version.cpp see it, so a new commit recompiles one file.
file(STRINGS ${CMAKE_SOURCE_DIR}/VERSION version_file LIMIT_COUNT 1)
function(sluice_git_version out)
  set(${out} ${version_file} PARENT_SCOPE)
  find_program(SLUICE_GIT git)
  mark_as_advanced(SLUICE_GIT)
  if(NOT SLUICE_GIT OR NOT EXISTS ${CMAKE_SOURCE_DIR}/.git)
    return()
  endif()
  execute_process(COMMAND ${SLUICE_GIT} describe --tags --match "v[0-9]*" --dirty
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE tagged ERROR_QUIET
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(tagged)
    string(REGEX REPLACE "^v" "" tagged ${tagged})
    set(${out} ${tagged} PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND ${SLUICE_GIT} describe --always --exclude=* --dirty
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE commit ERROR_QUIET
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(commit)
    set(${out} ${version_file}+g${commit} PARENT_SCOPE)
  endif()
endfunction()

set(SLUICE_VERSION "" CACHE STRING "Version to report; empty: asked of git")
set(sluice_version ${SLUICE_VERSION})
if(NOT sluice_version)
  sluice_git_version(sluice_version)
endif()
if(EXISTS ${CMAKE_SOURCE_DIR}/.git/logs/HEAD)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/.git/logs/HEAD)
endif()
