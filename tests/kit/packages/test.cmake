# What the tests of the packages share: a folder of their own, and failing with what was seen.
#
# cmake -D KIT=... -D CONFIG=PACKAGE.cpack -D WORK=FOLDER [-D ...] -P NAME_test.cmake

cmake_minimum_required(VERSION 3.25)
set(failures 0)

# A test goes on after a failure, so that one run shows all of them.
function(failed)
  string(JOIN "" text ${ARGV})
  message("FAILED: ${text}")
  math(EXPR failures "${failures} + 1")
  set(failures ${failures} PARENT_SCOPE)
endfunction()

macro(end_of_test)
  file(REMOVE_RECURSE ${WORK})
  if(failures GREATER 0)
    message(FATAL_ERROR "${failures} failed")
  endif()
endmacro()

# run(COMMAND...): runs it in the folder `in`; result, and output and errors together in `said`.
macro(run)
  execute_process(
    COMMAND ${ARGN} WORKING_DIRECTORY ${in}
    OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE result)
endmacro()

# must_run(COMMAND...): the same, and fails the test where it does not end with 0.
macro(must_run)
  run(${ARGN})
  if(NOT result EQUAL 0)
    string(LENGTH "${said}" length)
    if(length GREATER 4000) # what went wrong stands at the end
      math(EXPR length "${length} - 4000")
      string(SUBSTRING "${said}" ${length} -1 said)
    endif()
    string(REPLACE ";" " " command "${ARGN}")
    failed("${command}\nended with ${result}:\n${said}")
  endif()
endmacro()

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
set(in ${WORK})
must_run(${CMAKE_CPACK_COMMAND} --config ${CONFIG} -B ${WORK})
