# oxcache_add_plugin(KIND NAME SOURCES...): builds oxcache-KIND-NAME.so where the core looks for it.
# More properties (libraries, includes) go to the target oxcache-KIND-NAME.
function(oxcache_add_plugin kind name)
    set(target oxcache-${kind}-${name})
    add_library(${target} MODULE ${ARGN})
    if(TARGET oxcache_flags)
        target_link_libraries(${target} PRIVATE oxcache_flags)
    endif()
    target_link_libraries(${target} PRIVATE Oxcache::sdk)
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
    target_link_options(${target} PRIVATE -Wl,--exclude-libs,ALL)
    set_target_properties(${target} PROPERTIES PREFIX "" CXX_VISIBILITY_PRESET hidden
        VISIBILITY_INLINES_HIDDEN ON
        INSTALL_RPATH "$ORIGIN/../..")
    if(OXCACHE_PLUGIN_SUBDIR)
        set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY
            ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/${OXCACHE_PLUGIN_SUBDIR})
        install(TARGETS ${target}
                LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/${OXCACHE_PLUGIN_SUBDIR})
    endif()
endfunction()
