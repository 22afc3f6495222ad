# Builds SOURCE without tests, installs it, and moves the installation to WORK/prefix.
set(build ${WORK}/package)
file(MAKE_DIRECTORY ${WORK})
execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${build} -G Ninja
    -DCMAKE_BUILD_TYPE=Release -DOXCACHE_BUILD_TESTS=OFF -DCMAKE_CXX_COMPILER=${COMPILER}
    COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${build} COMMAND_ERROR_IS_FATAL ANY)
file(REMOVE_RECURSE ${WORK}/prefix ${WORK}/first)
execute_process(COMMAND ${CMAKE_COMMAND} --install ${build} --prefix ${WORK}/first
    OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(RENAME ${WORK}/first ${WORK}/prefix)

# What only tests may name must not be reachable in a package. Instantiations of the standard
# library's templates are its own names, also where an enumeration of ours is an argument.
file(GLOB library ${WORK}/prefix/lib*/liboxcache.so ${WORK}/prefix/lib/*/liboxcache.so)
execute_process(COMMAND nm -DC --defined-only ${library} OUTPUT_VARIABLE symbols
    COMMAND_ERROR_IS_FATAL ANY)
if(NOT symbols MATCHES "oxcache::SystemClock")
    message(FATAL_ERROR "${library} exports nothing of ours")
endif()
set(rooms "memory|resilience|coherence|config|host|reporting|stages|pipeline")
if(symbols MATCHES "[0-9a-f]+ [A-Za-z] ([a-z -]+ for )?oxcache::(${rooms})::[^\n]*")
    message(FATAL_ERROR "${library} exports internals: ${CMAKE_MATCH_0}")
endif()
