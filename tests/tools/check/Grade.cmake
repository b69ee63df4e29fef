# Builds and checks every exercise of this checkout, each whatever becomes of the others, and sums up the
# marks. Ends with 0 whatever they are.
#
# cmake -D KIT=... -D LAB_CHECK=... -D BUILD=... -D EXERCISES=01-echo-server,02-zombie,... -P Grade.cmake

string(REPLACE "," ";" EXERCISES "${EXERCISES}")
cmake_path(RELATIVE_PATH BUILD BASE_DIRECTORY ${KIT} OUTPUT_VARIABLE folder)
set(reached_of_all 0)
set(possible_of_all 0)
set(table "")
foreach(exercise IN LISTS EXERCISES)
  string(SUBSTRING ${exercise} 0 2 number)
  set(programs ${BUILD}/exercises/${exercise})
  execute_process(
    COMMAND ${CMAKE_COMMAND} --build ${BUILD} --target exercise-${number}
    OUTPUT_QUIET ERROR_VARIABLE words RESULT_VARIABLE not_built)
  set(remark "")
  if(not_built)
    # What an earlier build has left there is not what the sources are now.
    file(REMOVE_RECURSE ${programs})
    file(MAKE_DIRECTORY ${programs})
    set(remark "  (does not compile)")
    message("exercise-${number} does not compile:\n${words}")
  endif()
  execute_process(
    COMMAND ${LAB_CHECK} --brief --programs=${programs} --test-suite=exercise-${number}
      --first "cmake --build ${folder} --target exercise-${number}"
    WORKING_DIRECTORY ${KIT}
    OUTPUT_VARIABLE report ERROR_VARIABLE complaint RESULT_VARIABLE result)
  if(NOT report MATCHES "exercise-${number}: ([0-9]+) of ([0-9]+) marks")
    message(FATAL_ERROR "exercise-${number}: lab-check ended with ${result}:\n${report}${complaint}")
  endif()
  set(marks "${CMAKE_MATCH_1} of ${CMAKE_MATCH_2}")
  math(EXPR reached_of_all "${reached_of_all} + ${CMAKE_MATCH_1}")
  math(EXPR possible_of_all "${possible_of_all} + ${CMAKE_MATCH_2}")
  if(NOT not_built)
    message("${report}")
  endif()
  string(APPEND table "  ${exercise}: ${marks}${remark}\n")
endforeach()
message("marks\n${table}  all: ${reached_of_all} of ${possible_of_all}")
