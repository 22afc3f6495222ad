# How everything of ours is compiled, and how tests are added.
include(OxcachePlugin)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# One layout for build trees and installations, so that the core finds its plugins the same way.
set(OXCACHE_PLUGIN_SUBDIR oxcache/plugins)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)

# Paths are rewritten relative to the source folder, so that several checkouts share objects.
find_program(OXCACHE_CCACHE ccache)
if(OXCACHE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
        CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros ${OXCACHE_CCACHE})
endif()

# Flags of our own code; an INTERFACE target, linked privately and never exported.
add_library(oxcache_flags INTERFACE)
target_compile_features(oxcache_flags INTERFACE cxx_std_20)
target_compile_options(oxcache_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
    # g++ 12 takes many a std::string operation for an overlapping copy (GCC bug 105329).
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
    $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety -Werror=thread-safety>)
if(OXCACHE_SANITIZE)
    add_compile_options(-fsanitize=${OXCACHE_SANITIZE} -fno-omit-frame-pointer
                        -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${OXCACHE_SANITIZE})
    # Under sanitizers g++ takes members of a std::variant for uninitialized.
    target_compile_options(oxcache_flags INTERFACE
                           $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()

# oxcache_add_app(NAME SOURCES...): a program, installed beside the others.
function(oxcache_add_app name)
    add_executable(${name} ${ARGN})
    target_link_libraries(${name} PRIVATE oxcache_flags Oxcache::core)
    file(RELATIVE_PATH to_libraries ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
    set_target_properties(${name} PROPERTIES INSTALL_RPATH "$ORIGIN/${to_libraries}")
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# Builds what the ThreadSanitizer subset runs.
add_custom_target(oxcache_race_tests)

# oxcache_add_test(NAME LABELS l1;l2 [TIMEOUT s] SOURCES... [LIBRARIES ...]): a doctest program that
# CTest runs; `race` among the labels puts it into the ThreadSanitizer subset.
function(oxcache_add_test name)
    cmake_parse_arguments(arg "" "TIMEOUT" "LABELS;SOURCES;LIBRARIES;ARGUMENTS" ${ARGN})
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 120)
    endif()
    add_executable(${name} ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE oxcache_flags oxcache_test_main oxcache_core
                          ${arg_LIBRARIES})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/core/src
                               ${PROJECT_SOURCE_DIR}/tests)
    add_test(NAME ${name} COMMAND ${name} ${arg_ARGUMENTS})
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
        # All plugins export the same names, as they have to.
        ENVIRONMENT "ASAN_OPTIONS=detect_odr_violation=0")
    if("race" IN_LIST arg_LABELS)
        add_dependencies(oxcache_race_tests ${name})
    endif()
endfunction()
