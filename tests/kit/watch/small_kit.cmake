# Two exercises, and what they are built with.
#
# cmake -D KIT=... -D WORK=... -D GENERATOR=... -P small_kit.cmake

cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE ${WORK})
foreach(exercise IN ITEMS 02-zombie 03-wait)
  file(COPY ${KIT}/exercises/${exercise} DESTINATION ${WORK}/exercises)
  file(COPY ${KIT}/exercises/${exercise} DESTINATION ${WORK}/tests/shipped/exercises)
  file(COPY ${KIT}/solutions/${exercise}/README.md DESTINATION ${WORK}/solutions/${exercise})
endforeach()
file(COPY ${KIT}/exercises/CMakeLists.txt ${KIT}/exercises/support DESTINATION ${WORK}/exercises)
file(COPY ${KIT}/steps/CMakeLists.txt ${KIT}/steps/support DESTINATION ${WORK}/steps)
file(COPY ${KIT}/tests/marks.txt DESTINATION ${WORK}/tests)
foreach(script IN ITEMS Fresh RunChecks Sources)
  file(COPY ${KIT}/tests/tools/check/${script}.cmake DESTINATION ${WORK}/tests/tools/check)
endforeach()
file(WRITE ${WORK}/CMakeLists.txt [[
cmake_minimum_required(VERSION 3.25)
project(small_kit LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 20)
add_library(lab_options INTERFACE)
target_compile_definitions(lab_options INTERFACE _GNU_SOURCE)
add_subdirectory(steps)
add_subdirectory(exercises)
]])
execute_process(
  COMMAND ${CMAKE_COMMAND} -S ${WORK} -B ${WORK}/build -G ${GENERATOR} COMMAND_ERROR_IS_FATAL ANY)
execute_process(
  COMMAND ${CMAKE_COMMAND} --build ${WORK}/build --target exercises COMMAND_ERROR_IS_FATAL ANY)
