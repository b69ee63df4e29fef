# A verdict is about the files that are there. A student's copy of the kit, in which files are renamed,
# restored and deleted after a run: nothing is said of a program that is no more, and what one exercise
# lacks stops no other.
#
# cmake -D KIT=... -D LAB_CHECK=... -D WORK=FOLDER -P stale_test.cmake

cmake_minimum_required(VERSION 3.25)
set(failures 0)
set(copy ${WORK}/kit)
set(exercise ${copy}/exercises/02-zombie)
set(of_it -D KIT=${copy} -D SOURCES=exercises/02-zombie -D LAB_CHECK=${LAB_CHECK}
  -D VERDICT=${copy}/build/verdicts/exercise-02)

# expect(STATUS WORDS COMMAND...): it ends with 0 or not, and says what matches WORDS.
function(expect status words)
  execute_process(
    COMMAND ${ARGN} WORKING_DIRECTORY ${copy}
    OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE result)
  string(REGEX REPLACE "[ \n]+" " " flat "${said}") # however it is wrapped
  if((status EQUAL 0 AND NOT result EQUAL 0) OR (NOT status EQUAL 0 AND result EQUAL 0)
      OR NOT flat MATCHES "${words}")
    message("FAILED: ${ARGN}\nended with ${result}, and was to end with ${status} and say: ${words}\n${said}")
    math(EXPR failures "${failures} + 1")
    set(failures ${failures} PARENT_SCOPE)
  endif()
endfunction()

# The steps of the preset exercise-02, but for the building of lab-check.
macro(build)
  expect(0 "" ${CMAKE_COMMAND} --preset lab)
  expect(0 "" ${CMAKE_COMMAND} --build build --target exercise-02)
endmacro()
set(run_checks ${CMAKE_COMMAND} ${of_it} -D PROGRAMS=${copy}/build/exercises/02-zombie
  -D SUITE=exercise-02 -D BUILD=${copy}/build -D TARGET=exercise-02
  -P ${copy}/tests/tools/check/RunChecks.cmake)
set(verdict ${CMAKE_COMMAND} ${of_it} -D PRESET=exercise-02 -P ${copy}/tests/tools/check/Verdict.cmake)

file(REMOVE_RECURSE ${WORK})
file(COPY ${KIT}/CMakeLists.txt ${KIT}/CMakePresets.json ${KIT}/steps ${KIT}/exercises ${KIT}/tests
  DESTINATION ${copy} REGEX "/(kit|package|grade|bench|soak)$" EXCLUDE) # as in the handout

message("the solution has full marks")
file(RENAME ${exercise}/zombies.cpp ${WORK}/as-shipped.cpp)
file(COPY_FILE ${KIT}/solutions/02-zombie/zombies.cpp ${exercise}/zombies.cpp)
build()
expect(1 "exercises/02-zombie has not been checked as it is now.*--preset exercise-02" ${verdict})
expect(0 "exercise-02: 14 of 14 marks" ${run_checks})
expect(0 "" ${verdict})

message("the file as shipped is there again, and has not been checked")
file(RENAME ${exercise}/zombies.cpp ${WORK}/solved.cpp)
file(COPY_FILE ${WORK}/as-shipped.cpp ${exercise}/zombies.cpp)
expect(1 "exercises/02-zombie has not been checked as it is now.*--preset exercise-02" ${verdict})

message("with other white space and comments it is as shipped, and gives no marks")
file(MAKE_DIRECTORY ${copy}/tests/shipped/exercises/02-zombie) # as in the handout
file(COPY_FILE ${WORK}/as-shipped.cpp ${copy}/tests/shipped/exercises/02-zombie/zombies.cpp)
file(READ ${WORK}/as-shipped.cpp text)
string(REPLACE "  " "\t" text "${text}")
file(WRITE ${exercise}/zombies.cpp "/* mine */ ${text} // mine")
build()
expect(0 "exercise-02: 0 of 14 marks, as shipped 2 passed" ${run_checks})
file(WRITE ${exercise}/zombies.cpp "${text} static const char* const mine [[maybe_unused]] = \"// mine\";")
build()
expect(0 "exercise-02: 0 of 14 marks 2 passed" ${run_checks})
file(COPY_FILE ${WORK}/as-shipped.cpp ${exercise}/zombies.cpp)

message("the program has another name")
file(RENAME ${exercise}/zombies.cpp ${exercise}/many.cpp)
build()
expect(0 "exercise-02: 0 of 14 marks.*there is no program zombies in build/exercises/02-zombie.*zombies.cpp.*many"
  ${run_checks})
expect(1 "lab-check ended with 1" ${verdict})

message("there is no program")
file(REMOVE ${exercise}/many.cpp)
build()
expect(0 "exercise-02: 0 of 14 marks.*there is no program zombies in build/exercises/02-zombie.*zombies.cpp"
  ${run_checks})
expect(0 "" ${CMAKE_COMMAND} --build build --target exercise-03)

message("a copy of the folder is not taken for it")
file(COPY_FILE ${WORK}/solved.cpp ${exercise}/zombies.cpp)
file(COPY ${exercise}/ DESTINATION ${exercise}-old)
build()
expect(0 "exercise-02: 14 of 14 marks" ${run_checks})

message("the kit is in another folder: what exercises/README.md says helps")
file(RENAME ${copy} ${WORK}/renamed)
set(copy ${WORK}/renamed)
expect(1 "CMakeCache.txt" ${CMAKE_COMMAND} --preset lab)
expect(0 "" ${CMAKE_COMMAND} --preset lab --fresh)
expect(0 "" ${CMAKE_COMMAND} --build build --target exercise-02)

file(REMOVE_RECURSE ${WORK})
if(failures GREATER 0)
  message(FATAL_ERROR "${failures} failed")
endif()
