# Prints the name of each exercise whose verdict (RunChecks.cmake) is about the sources as they are now.
#
# cmake -D KIT=... -D LAB_CHECK=... -D VERDICTS=build/verdicts -D EXERCISES=01-echo-server,02-zombie,...
#   -P Fresh.cmake

include(${CMAKE_CURRENT_LIST_DIR}/Sources.cmake)
string(REPLACE "," ";" EXERCISES "${EXERCISES}")
foreach(exercise IN LISTS EXERCISES)
  string(SUBSTRING ${exercise} 0 2 number)
  set(verdict ${VERDICTS}/exercise-${number})
  if(EXISTS ${verdict})
    file(READ ${verdict} then)
    set(SOURCES exercises/${exercise})
    of_sources(now)
    if(then MATCHES "^${now} ")
      execute_process(COMMAND ${CMAKE_COMMAND} -E echo ${exercise}) # message() writes elsewhere
    endif()
  endif()
endforeach()
