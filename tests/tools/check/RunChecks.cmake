# Runs the checks of one exercise and shows their report, in the terminal itself: neither make nor CTest
# frames it. The verdict is kept in a file, from which a test of the same preset then fails or passes.
#
# cmake -D LAB_CHECK=... -D PROGRAMS=... -D SUITE=... -D VERDICT=... -P RunChecks.cmake

file(REMOVE ${VERDICT})
execute_process(COMMAND ${CMAKE_COMMAND} -E echo "")
execute_process(
  COMMAND ${LAB_CHECK} --programs=${PROGRAMS} --test-suite=${SUITE}
  RESULT_VARIABLE result)
file(WRITE ${VERDICT} "${result}")
