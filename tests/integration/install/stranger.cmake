# Copies the project in FROM to TO and builds it there against the installation in PREFIX.
file(REMOVE_RECURSE ${TO})
file(COPY ${FROM}/ DESTINATION ${TO})
execute_process(COMMAND ${CMAKE_COMMAND} -S ${TO} -B ${TO}/build -G Ninja
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH=${PREFIX} -DCMAKE_CXX_COMPILER=${COMPILER}
    COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${TO}/build COMMAND_ERROR_IS_FATAL ANY)
