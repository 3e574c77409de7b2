# What every target shares, gathered in one interface target: sluice_settings.
find_package(Threads REQUIRED)
add_library(sluice_settings INTERFACE)
target_include_directories(sluice_settings INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_link_libraries(sluice_settings INTERFACE Threads::Threads)

include(Warnings)
include(Sanitizers)
include(Release)
include(Speed)
