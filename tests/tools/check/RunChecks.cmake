# Runs the checks of one exercise and shows their report, in the terminal itself: neither make nor CTest
# frames it. The verdict is kept in a file, from which a test of the same preset then fails or passes; the results
# beside it are what lab-watch and the preset progress show.
# lab-check runs in the folder of the kit: there a student types the commands that it shows.
#
# cmake -D KIT=... -D SOURCES=exercises/01-echo-server -D LAB_CHECK=... -D PROGRAMS=... -D SUITE=...
#   -D BUILD=the build's folder -D TARGET=exercise-01 -D VERDICT=... -P RunChecks.cmake

include(${CMAKE_CURRENT_LIST_DIR}/Sources.cmake)
file(REMOVE ${VERDICT} ${VERDICT}.results)
cmake_path(GET VERDICT PARENT_PATH verdicts)
file(MAKE_DIRECTORY ${verdicts})
of_sources(before)
cmake_path(RELATIVE_PATH BUILD BASE_DIRECTORY ${KIT})
execute_process(COMMAND ${CMAKE_COMMAND} -E echo "")
execute_process(
  COMMAND ${LAB_CHECK} --programs=${PROGRAMS} --test-suite=${SUITE} --save ${VERDICT}.results --kit ${KIT}
    --first "cmake --build ${BUILD} --target ${TARGET}"
  WORKING_DIRECTORY ${KIT}
  RESULT_VARIABLE result)
file(WRITE ${VERDICT} "${before} ${result}")
