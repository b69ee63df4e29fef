# Holds the exercises' checks to what they are for: programs that do not do what the exercise asks for
# (the exercise as shipped, or the step's own program handed in) have to fail at least one check, for a
# reason that it could tell. Nothing else will do: no crash of lab-check, no missing program.
#
# cmake -D LAB_CHECK=... -D SUITE=exercise-01 -D SHIPPED=folder -D FOLDER=... -P MustFail.cmake
# cmake -D LAB_CHECK=... -D SUITE=exercise-01 -D PROGRAM=step's -D NAME=contract's -D FOLDER=...
#   -D CHECK=sentence -P MustFail.cmake
#
# With CHECK, this check alone is run, and has to fail. With SHIPPED, the program may reach at most 15 % of
# the marks: they are for what the exercise adds. It is checked in FOLDER. Where it is built, lab-check would
# know it for what it is, and give nothing.

if(DEFINED SHIPPED)
  file(REMOVE_RECURSE ${FOLDER})
  file(COPY ${SHIPPED}/ DESTINATION ${FOLDER})
  set(PROGRAMS ${FOLDER})
endif()
if(DEFINED PROGRAM)
  file(REMOVE_RECURSE ${FOLDER})
  file(MAKE_DIRECTORY ${FOLDER})
  file(COPY_FILE ${PROGRAM} ${FOLDER}/${NAME})
  set(PROGRAMS ${FOLDER})
endif()
file(GLOB handed_in ${PROGRAMS}/*)
if(NOT handed_in)
  message(FATAL_ERROR "There is no program in ${PROGRAMS}: build the target exercises")
endif()
set(must_fail "")
set(wanted 1)
if(DEFINED CHECK)
  set(must_fail --must-fail ${CHECK})
  set(wanted 0)
endif()
execute_process(
  COMMAND ${LAB_CHECK} --programs=${PROGRAMS} --test-suite=${SUITE} ${must_fail}
  OUTPUT_VARIABLE report ERROR_VARIABLE report RESULT_VARIABLE result)
message("${report}")
if(NOT result EQUAL wanted)
  message(FATAL_ERROR "lab-check ended with ${result}, where a check had to fail and it with ${wanted}")
endif()
if(NOT report MATCHES "\n +saw +[^\n]")
  message(FATAL_ERROR "No check that failed says what it saw")
endif()
if(DEFINED SHIPPED)
  if(NOT report MATCHES "${SUITE}: ([0-9]+) of ([1-9][0-9]*) marks")
    message(FATAL_ERROR "lab-check says nothing of marks")
  endif()
  math(EXPR hundredths "100 * ${CMAKE_MATCH_1}")
  math(EXPR most "15 * ${CMAKE_MATCH_2}")
  if(hundredths GREATER most)
    message(FATAL_ERROR "As shipped it reaches ${CMAKE_MATCH_1} of ${CMAKE_MATCH_2} marks: more than 15 %")
  endif()
endif()
