# Runs a libFuzzer PROGRAM from the seeds in CORPUS for a while; what it finds is left in FOLDER.
# Fails when it found a crash, a leak or a hang, or, where FINDS is true, when it found none.
if(NOT EXISTS "${PROGRAM}")
    message(FATAL_ERROR "there is no program '${PROGRAM}' for the fuzzer; clang++ with libFuzzer is "
            "needed: install the Debian packages clang and libclang-rt-dev, then configure again")
endif()
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER}/corpus)
execute_process(
    COMMAND ${PROGRAM} -seed=1 -runs=50000 -max_total_time=10 -timeout=10 -rss_limit_mb=2048
            -artifact_prefix=${FOLDER}/ ${FOLDER}/corpus ${CORPUS}
    RESULT_VARIABLE status)
file(GLOB found ${FOLDER}/crash-* ${FOLDER}/leak-* ${FOLDER}/timeout-* ${FOLDER}/oom-*)
if(FINDS)
    if(status EQUAL 0 OR NOT found)
        message(FATAL_ERROR "the fuzzer was to find a crash and found none (status ${status})")
    endif()
elseif(NOT status EQUAL 0)
    message(FATAL_ERROR "the fuzzer ended with ${status}; inputs found: ${found}")
endif()
