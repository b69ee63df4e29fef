# The instructors' page, the lines that run cmake, each as it stands there, in a copy of the kit that
# has no build and no git. (tests/kit/grade/class_test.cpp plays the other lines, over a class of sixty.)
#
# cmake -D KIT=... -D WORK=FOLDER -P page_test.cmake

cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE ${WORK})
file(COPY ${KIT}/ DESTINATION ${WORK} PATTERN "build*" EXCLUDE PATTERN ".git" EXCLUDE PATTERN ".cache" EXCLUDE)

file(READ ${KIT}/tests/INSTRUCTORS.md page)
string(REPLACE ";" "\\;" page "${page}")
string(REPLACE "\n" ";" page "${page}")
set(inside OFF)
set(count 0)
set(ENV{LAB_SUBMISSIONS} 2) # enough to see that measure-grade measures
foreach(line IN LISTS page)
  if(line MATCHES "^```")
    set(inside OFF)
    if(line STREQUAL "```sh")
      set(inside ON)
    endif()
  elseif(inside AND line MATCHES "^([A-Z_]+=[^ ]+ )?cmake ")
    message("${line}")
    execute_process(COMMAND sh -c "${line}" WORKING_DIRECTORY ${WORK}
      OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE result)
    if(result)
      message(FATAL_ERROR "${line}\nended with ${result}:\n${said}")
    endif()
    math(EXPR count "${count} + 1")
  endif()
endforeach()
if(count LESS 5)
  message(FATAL_ERROR "${count} lines that run cmake: there is something wrong with this test")
endif()

# What the page says that they make.
string(REGEX MATCHALL "`build/[a-z0-9./-]+(gz|zip)`" files "${page}")
foreach(file IN LISTS files ITEMS "`build/bin/lab-grade`")
  string(REPLACE "`" "" file "${file}")
  if(NOT EXISTS ${WORK}/${file})
    message(FATAL_ERROR "the page's commands have not made ${file}")
  endif()
endforeach()
list(LENGTH files made)
message("${count} commands, ${made} files")
if(made LESS 3)
  message(FATAL_ERROR "the page names ${made} archives: there is something wrong with this test")
endif()
file(REMOVE_RECURSE ${WORK})
