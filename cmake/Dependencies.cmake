# Libraries from the distribution. Static archives where the release binary needs them so; the rest are
# headers, looked for here so that a missing one is said once and by its package.
set(OPENSSL_USE_STATIC_LIBS ON)
find_package(OpenSSL 3.0 REQUIRED)

# sluice_static_library(TARGET archive header): an imported target for a library without a package file.
function(sluice_static_library target archive header)
  string(MAKE_C_IDENTIFIER "${target}" name)
  find_library(${name}_LIBRARY NAMES ${archive} REQUIRED)
  find_path(${name}_INCLUDE_DIR ${header} REQUIRED)
  mark_as_advanced(${name}_LIBRARY ${name}_INCLUDE_DIR)
  add_library(${target} STATIC IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES
    IMPORTED_LOCATION ${${name}_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${${name}_INCLUDE_DIR})
endfunction()

sluice_static_library(zstd::zstd libzstd.a zstd.h)
sluice_static_library(SQLite::SQLite libsqlite3.a sqlite3.h)
sluice_static_library(yaml::yaml libyaml.a yaml.h)

function(sluice_require_header header package)
  string(MAKE_C_IDENTIFIER "SLUICE_HEADER_${header}" variable)
  find_path(${variable} ${header})
  mark_as_advanced(${variable})
  if(NOT ${variable})
    message(FATAL_ERROR "<${header}> is missing: install ${package}, or run `make bootstrap`")
  endif()
endfunction()

sluice_require_header(boost/json.hpp libboost1.81-dev)
sluice_require_header(boost/beast/http/basic_parser.hpp libboost1.81-dev)
sluice_require_header(toml++/toml.h libtomlplusplus-dev)
sluice_require_header(CLI/CLI.hpp libcli11-dev)
sluice_require_header(fmt/format.h libfmt-dev)
sluice_require_header(spdlog/spdlog.h libspdlog-dev)
if(SLUICE_TESTS)
  sluice_require_header(doctest/doctest.h doctest-dev)
  sluice_require_header(rapidcheck.h librapidcheck-dev)
  find_library(RAPIDCHECK_LIBRARY NAMES rapidcheck REQUIRED)
  mark_as_advanced(RAPIDCHECK_LIBRARY)
endif()
