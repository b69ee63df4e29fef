# Fails unless the run of the checks before it, RunChecks.cmake, ended with 0, and the sources are still
# those that were checked.
#
# cmake -D KIT=... -D SOURCES=exercises/01-echo-server -D LAB_CHECK=... -D VERDICT=... -D PRESET=...
#   -P Verdict.cmake

include(${CMAKE_CURRENT_LIST_DIR}/Sources.cmake)
set(result "")
if(EXISTS ${VERDICT})
  file(READ ${VERDICT} result)
endif()
of_sources(now)
if(NOT result MATCHES "^${now} (.*)$")
  message(FATAL_ERROR "${SOURCES} has not been checked as it is now. To check it:\n"
    "  cmake --workflow --preset ${PRESET}")
endif()
if(NOT CMAKE_MATCH_1 STREQUAL "0")
  message(FATAL_ERROR "lab-check ended with ${CMAKE_MATCH_1}")
endif()
