# The handout's workflow marks each exercise, and the points on the instructors' page are those of the
# checks: a lab-check that finds no program says how many marks there are.
#
# cmake -D LAB_CHECK=... -D KIT=... -D WORK=EMPTY-FOLDER -P points_test.cmake

cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
file(READ ${KIT}/tests/package/handout/.github/workflows/marks.yml workflow)
file(GLOB exercises ${KIT}/exercises/[0-9][0-9]-*)
set(expected "")
set(head "| exercise |")
set(row "| marks |")
set(all 0)
foreach(exercise IN LISTS exercises)
  cmake_path(GET exercise FILENAME name)
  string(SUBSTRING ${name} 0 2 number)
  file(GLOB program ${exercise}/*.cpp)
  cmake_path(GET program STEM program)
  execute_process(
    COMMAND ${LAB_CHECK} --brief --programs=${WORK} --test-suite=exercise-${number}
    OUTPUT_VARIABLE report ERROR_VARIABLE report)
  if(NOT report MATCHES "exercise-${number}: 0 of ([1-9][0-9]*) marks")
    message(FATAL_ERROR "lab-check without a program of exercise ${number}:\n${report}")
  endif()
  string(APPEND expected
    "      - name: Exercise ${number} ${program}\n"
    "        if: \${{ !cancelled() }}\n"
    "        run: .github/marks/mark ${number}\n")
  string(APPEND head " ${number} |")
  string(APPEND row " ${CMAKE_MATCH_1} |")
  math(EXPR all "${all} + ${CMAKE_MATCH_1}")
endforeach()
string(FIND "${workflow}" "${expected}" at)
if(at EQUAL -1)
  message(FATAL_ERROR "tests/package/handout/.github/workflows/marks.yml is to hold\n${expected}")
endif()

file(READ ${KIT}/tests/INSTRUCTORS.md page)
foreach(expected IN ITEMS "${head} all |\n" "${row} ${all} |\n" "**Points: ${all}**")
  string(FIND "${page}" "${expected}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "tests/INSTRUCTORS.md is to hold\n${expected}")
  endif()
endforeach()
