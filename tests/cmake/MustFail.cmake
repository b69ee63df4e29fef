# Holds the exercises' checks to what they are for: programs that do not do what the exercise asks for
# (the exercise as shipped, or the step's own program handed in) have to fail at least one check, for a
# reason that it could tell. Nothing else will do: no crash of lab-check, no missing program.
#
# cmake -D LAB_CHECK=... -D SUITE=exercise-01 -D PROGRAMS=folder -P MustFail.cmake
# cmake -D LAB_CHECK=... -D SUITE=exercise-01 -D PROGRAM=step's -D NAME=contract's -D FOLDER=... -P ...

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
execute_process(
  COMMAND ${LAB_CHECK} --programs=${PROGRAMS} --test-suite=${SUITE}
  OUTPUT_VARIABLE report ERROR_VARIABLE report RESULT_VARIABLE result)
message("${report}")
if(NOT result EQUAL 1)
  message(FATAL_ERROR "lab-check ended with ${result}, where a check had to fail and it with 1")
endif()
if(NOT report MATCHES "\n +saw +[^\n]")
  message(FATAL_ERROR "No check that failed says what it saw")
endif()
