# Installation, and the package that find_package(Oxcache) reads.
include(CMakePackageConfigHelpers)

install(TARGETS oxcache_core oxcache_sdk EXPORT OxcacheTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/core/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT OxcacheTargets NAMESPACE Oxcache:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Oxcache)
configure_package_config_file(${PROJECT_SOURCE_DIR}/packaging/cmake/OxcacheConfig.cmake.in
    ${PROJECT_BINARY_DIR}/OxcacheConfig.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Oxcache)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/OxcacheConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/OxcacheConfig.cmake
        ${PROJECT_BINARY_DIR}/OxcacheConfigVersion.cmake
        ${PROJECT_SOURCE_DIR}/packaging/cmake/OxcachePlugin.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Oxcache)
