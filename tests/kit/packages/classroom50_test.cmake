# The folder for Classroom 50 as its runner uses it: beside other files of the assignment, with the
# student's clean checkout as working directory, its variables in the environment and no others, and
# result.json as their schema has it (classroom50/result/v1).
# https://github.com/foundation50/classroom50/wiki/Advanced-Autograding
#
# cmake -D KIT=... -D CONFIG=... -D WORK=... (-D BUILD=the kit's build | -D FULL=ON) -P classroom50_test.cmake
#
# FULL lets autograder.py build what is in the folder; else the kit's own lab-grade is used.

include(${CMAKE_CURRENT_LIST_DIR}/test.cmake)

find_program(python python3)
if(NOT python)
  message("SKIP: python3 is not there")
  return()
endif()
set(folder ${WORK}/autograders)
file(ARCHIVE_EXTRACT INPUT ${WORK}/classroom50.zip DESTINATION ${folder})
set(folder ${folder}/classroom50)
file(GLOB_RECURSE files RELATIVE ${folder} ${folder}/* ${folder}/.*)
foreach(file IN LISTS files)
  if(file MATCHES "solution|mutant|variant|hostile|_test\\.|^build|\\.git/|^steps/[0-9]|tools/(demo|watch|xray)|\\.svg$")
    failed("the folder holds ${file}")
  endif()
endforeach()

set(variables CLASSROOM=os-2026 SUBMISSION_TAG=submit-1 COMMIT_URL=https://x/c RELEASE_URL=https://x/r
  REVIEW_URL=https://x/v OWNER=kim)
set(build "")
if(NOT FULL)
  set(build LAB_BUILD=${BUILD})
endif()

# member(VALUE TYPE PATH...): a member of the result, which has to be of that type.
function(member value type)
  string(JSON kind ERROR_VARIABLE error TYPE "${json}" ${ARGN})
  string(JSON found ERROR_VARIABLE error GET "${json}" ${ARGN})
  if(error OR NOT kind STREQUAL type)
    failed("result.json: ${ARGN} is ${kind}, not ${type} ${error}")
  endif()
  set(${value} "${found}" PARENT_SCOPE)
  set(failures ${failures} PARENT_SCOPE)
endfunction()

# grade(ASSIGNMENT): runs it in ${WORK}/checkout and leaves `score`, `most`, `count` and `body`.
function(grade assignment)
  set(in ${WORK}/checkout)
  must_run(env -i PATH=$ENV{PATH} HOME=$ENV{HOME} ${variables} ${build} ASSIGNMENT=${assignment}
    ${python} ${folder}/autograder.py)
  file(READ ${in}/result.json json)
  file(READ ${in}/release-body.md body)
  file(REMOVE ${in}/result.json ${in}/release-body.md)
  file(GLOB left RELATIVE ${in} ${in}/*)
  if(NOT left STREQUAL given)
    failed("the checkout holds ${left}, not ${given}")
  endif()
  foreach(expected IN ITEMS schema=classroom50/result/v1 classroom=os-2026 assignment=${assignment}
      submission=submit-1 commit=https://x/c release=https://x/r review=https://x/v)
    string(REGEX MATCH "^([^=]+)=(.*)$" ignored "${expected}")
    set(wanted "${CMAKE_MATCH_2}")
    member(value STRING ${CMAKE_MATCH_1})
    if(NOT value STREQUAL wanted)
      failed("result.json says ${value}, not ${expected}")
    endif()
  endforeach()
  member(datetime STRING datetime)
  if(NOT datetime MATCHES "^20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z$")
    failed("datetime is ${datetime}")
  endif()
  member(score NUMBER score)
  member(most NUMBER max-score)
  string(JSON count LENGTH "${json}" tests)
  set(reached 0)
  set(possible 0)
  set(names "")
  math(EXPR last "${count} - 1")
  foreach(index RANGE ${last})
    member(name STRING tests ${index} test-name)
    member(passed BOOLEAN tests ${index} passed)
    member(one NUMBER tests ${index} score)
    member(of NUMBER tests ${index} max-score)
    if(NOT "${one};${of}" MATCHES "^[0-9]+;[0-9]+$" OR one GREATER of)
      failed("${name} has ${one} of ${of}")
    endif()
    math(EXPR reached "${reached} + ${one}")
    math(EXPR possible "${possible} + ${of}")
    string(REPLACE ";" "," name "${name}")
    list(APPEND names "${name}")
  endforeach()
  list(REMOVE_DUPLICATES names)
  list(LENGTH names different)
  if(NOT "${reached};${possible};${different}" STREQUAL "${score};${most};${count}")
    failed("the tests add up to ${reached} of ${possible}, ${different} names; said are ${score} of ${most}, ${count} tests")
  endif()
  message("${assignment}: ${score} of ${most}, ${count} tests")
  foreach(variable IN ITEMS score most count body failures)
    set(${variable} "${${variable}}" PARENT_SCOPE)
  endforeach()
endfunction()

file(MAKE_DIRECTORY ${WORK}/checkout/exercises ${WORK}/checkout/.git)
file(COPY ${KIT}/solutions/02-zombie ${KIT}/exercises/03-wait DESTINATION ${WORK}/checkout/exercises)
file(COPY ${KIT}/steps DESTINATION ${WORK}/checkout)
set(given ".git;exercises;steps")

grade(all-of-it)
if(NOT most EQUAL 152 OR NOT score EQUAL 14 OR NOT body MATCHES "## 02-zombie: 14 of 14 marks" OR NOT body MATCHES "## 03-wait: 0 of 15 marks\n\nas shipped")
  failed("all exercises: ${score} of ${most}\n${body}")
endif()
grade(02-zombie)
if(NOT "${score} of ${most}" STREQUAL "14 of 14" OR body MATCHES "03-wait" OR NOT body MATCHES "All checks passed")
  failed("02-zombie: ${score} of ${most}\n${body}")
endif()

# The grading itself breaks: another exit status than 0, and no result.
set(in ${WORK}/checkout)
run(env -i PATH=$ENV{PATH} HOME=$ENV{HOME} ${variables} LAB_BUILD=/nonexistent ASSIGNMENT=all
  ${python} ${folder}/autograder.py)
if(result EQUAL 0 OR EXISTS ${in}/result.json)
  failed("without lab-grade it ends with ${result}")
endif()

end_of_test()
