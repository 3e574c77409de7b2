# Libraries from the distribution. Static archives where the release binary needs them so; the rest are
# headers, looked for here so that a missing one is said once and by its package.
set(OPENSSL_USE_STATIC_LIBS ON)
find_package(OpenSSL 3.0 REQUIRED)

find_library(ZSTD_LIBRARY NAMES libzstd.a REQUIRED)
find_path(ZSTD_INCLUDE_DIR zstd.h REQUIRED)
mark_as_advanced(ZSTD_LIBRARY ZSTD_INCLUDE_DIR)
add_library(zstd::zstd STATIC IMPORTED)
set_target_properties(zstd::zstd PROPERTIES
  IMPORTED_LOCATION ${ZSTD_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${ZSTD_INCLUDE_DIR})

find_library(SQLITE_LIBRARY NAMES libsqlite3.a REQUIRED)
find_path(SQLITE_INCLUDE_DIR sqlite3.h REQUIRED)
mark_as_advanced(SQLITE_LIBRARY SQLITE_INCLUDE_DIR)
add_library(SQLite::SQLite STATIC IMPORTED)
set_target_properties(SQLite::SQLite PROPERTIES
  IMPORTED_LOCATION ${SQLITE_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${SQLITE_INCLUDE_DIR})

find_library(YAML_LIBRARY NAMES libyaml.a REQUIRED)
find_path(YAML_INCLUDE_DIR yaml.h REQUIRED)
mark_as_advanced(YAML_LIBRARY YAML_INCLUDE_DIR)
add_library(yaml::yaml STATIC IMPORTED)
set_target_properties(yaml::yaml PROPERTIES
  IMPORTED_LOCATION ${YAML_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${YAML_INCLUDE_DIR})

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
