# Fails unless the run of the checks before it, RunChecks.cmake, ended with 0.
#
# cmake -D VERDICT=... -P Verdict.cmake

if(NOT EXISTS ${VERDICT})
  message(FATAL_ERROR "The checks have not run: ${VERDICT} is not there")
endif()
file(READ ${VERDICT} result)
if(NOT result STREQUAL "0")
  message(FATAL_ERROR "lab-check ended with ${result}")
endif()
