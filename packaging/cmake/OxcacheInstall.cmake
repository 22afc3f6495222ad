# Installation, and the package that find_package(Oxcache) reads. Plugins and programs name their
# own destinations, in oxcache_add_plugin and oxcache_add_app.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Oxcache)
install(TARGETS oxcache_core oxcache_sdk EXPORT OxcacheTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/core/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")
install(EXPORT OxcacheTargets NAMESPACE Oxcache:: DESTINATION ${package_dir})

set(plugin_dir ${CMAKE_INSTALL_LIBDIR}/${OXCACHE_PLUGIN_SUBDIR})
configure_package_config_file(${PROJECT_SOURCE_DIR}/packaging/cmake/OxcacheConfig.cmake.in
    ${PROJECT_BINARY_DIR}/OxcacheConfig.cmake
    INSTALL_DESTINATION ${package_dir} PATH_VARS plugin_dir)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/OxcacheConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/OxcacheConfig.cmake
        ${PROJECT_BINARY_DIR}/OxcacheConfigVersion.cmake
        ${PROJECT_SOURCE_DIR}/packaging/cmake/OxcachePlugin.cmake
        DESTINATION ${package_dir})
