# How a package is put together. Included by handout.cmake and autograder.cmake, which CPack runs with
# CMAKE_INSTALL_PREFIX set to the folder that it will pack.

cmake_minimum_required(VERSION 3.25)
cmake_path(SET kit NORMALIZE "${CMAKE_CURRENT_LIST_DIR}/../..")

# files: all files of the kit, relative to it. Where git knows the kit, those that it tracks, as they are
# in the tree now: an edit goes in without a commit, and a file that was never added does not, be it an
# editor's or the answers to this year's exam. Where git does not know it (an unpacked archive), all
# files but what builds make.
set(files "")
set(untracked "")
find_program(git git)
if(git)
  foreach(list IN ITEMS files untracked)
    set(which --cached)
    if(list STREQUAL "untracked")
      set(which --others --exclude-standard)
    endif()
    execute_process(
      COMMAND ${git} -C ${kit} -c core.quotePath=off ls-files ${which}
      OUTPUT_VARIABLE ${list} ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
    string(REPLACE "\n" ";" ${list} "${${list}}")
  endforeach()
endif()
if(NOT files)
  file(GLOB_RECURSE files LIST_DIRECTORIES false RELATIVE ${kit} ${kit}/*)
  list(FILTER files EXCLUDE REGEX "^(build[^/]*|node_modules|\\.git|\\.cache)/|~$|\\.swp$")
  set(untracked "")
endif()

# stage(WHICH [EXCEPT]): copies the files of the kit whose paths match WHICH and not EXCEPT, two regular
# expressions, to the same places in the package.
function(stage which)
  foreach(list IN ITEMS files untracked)
    list(FILTER ${list} INCLUDE REGEX "${which}")
    if(ARGC GREATER 1)
      list(FILTER ${list} EXCLUDE REGEX "${ARGV1}")
    endif()
  endforeach()
  copy("" ${files})
  if(untracked)
    string(REPLACE ";" "\n  " untracked "${untracked}")
    message("Not packed, since git does not track it (git add it first):\n  ${untracked}")
  endif()
endfunction()

# exercises: those that are packed. LAB_ONLY=02,03 in the environment chooses some of them.
# off: the numbers of those that do not count, by tests/marks.txt. They are packed, and not marked.
file(GLOB exercises RELATIVE ${kit}/exercises ${kit}/exercises/[0-9][0-9]-*)
set(only "$ENV{LAB_ONLY}")
if(NOT only STREQUAL "")
  if(NOT only MATCHES "^[0-9][0-9](,[0-9][0-9])*$")
    message(FATAL_ERROR "LAB_ONLY takes the numbers of exercises, `02,03`, not `${only}`")
  endif()
  string(REPLACE "," ";" numbers "${only}")
  foreach(number IN LISTS numbers)
    if(NOT exercises MATCHES "(^|;)${number}-")
      message(FATAL_ERROR "LAB_ONLY: there is no exercise ${number}")
    endif()
  endforeach()
  string(REPLACE "," "|" only "${only}")
  list(FILTER exercises INCLUDE REGEX "^(${only})-")
endif()
file(STRINGS ${kit}/tests/marks.txt off REGEX "^[ \t]*[0-9][0-9][ \t]*:[^#]*off")
list(TRANSFORM off REPLACE "^[ \t]*([0-9][0-9]).*" "\\1")

# keep_exercises(): leaves the chosen ones in the package.
function(keep_exercises)
  file(GLOB all RELATIVE ${CMAKE_INSTALL_PREFIX}/exercises ${CMAKE_INSTALL_PREFIX}/exercises/[0-9][0-9]-*)
  foreach(exercise IN LISTS all)
    if(NOT exercise IN_LIST exercises)
      file(REMOVE_RECURSE ${CMAKE_INSTALL_PREFIX}/exercises/${exercise})
    endif()
  endforeach()
endfunction()

# stage_grading(): what builds and checks a submission, and no more: each file of it is read by the build
# of lab-grade. (lab-check can record a film.)
macro(stage_grading)
  stage("^(CMakeLists\\.txt|LICENSE)$")
  stage("^(steps/(CMakeLists|support/)|exercises/|tests/)"
    "^tests/(kit|package|tools/(bench|demo|scenes|soak|watch|xray))/|\\.md$")
  keep_exercises()
endmacro()

# overlay(FOLDER): copies the files below tests/package/FOLDER over those of the package.
function(overlay folder)
  list(FILTER files INCLUDE REGEX "^tests/package/${folder}/")
  if(NOT files)
    message(FATAL_ERROR "tests/package/${folder} holds no file that git tracks")
  endif()
  copy(tests/package/${folder}/ ${files})
endfunction()

# copy(PREFIX FILE...): copies files of the kit to where they stand in the package, without PREFIX.
function(copy prefix)
  string(LENGTH "${prefix}" length)
  foreach(file IN LISTS ARGN)
    if(EXISTS "${kit}/${file}") # else git tracks it, and it is deleted in the tree
      string(SUBSTRING "${file}" ${length} -1 place)
      cmake_path(GET place PARENT_PATH folder)
      file(COPY "${kit}/${file}" DESTINATION "${CMAKE_INSTALL_PREFIX}/${folder}")
    endif()
  endforeach()
endfunction()

# keep_presets(REGEX): leaves in the package's CMakePresets.json the presets whose names match, but for
# those of exercises that are not packed. A preset is a line there, and so it is in the package.
function(keep_presets regex)
  set(path "${CMAKE_INSTALL_PREFIX}/CMakePresets.json")
  file(READ "${path}" json)
  string(REGEX MATCHALL "\n    {\"name\": \"[^\"]+\"" presets "${json}")
  foreach(preset IN LISTS presets)
    string(REGEX REPLACE "^.*: \"(.*)\"$" "\\1" name "${preset}")
    string(REGEX REPLACE "^(reset-)?exercise-" "" number "${name}") # or the name, of others
    if(NOT name MATCHES "${regex}" OR
        (NOT number STREQUAL name AND NOT exercises MATCHES "(^|;)${number}-"))
      string(REGEX REPLACE "${preset}[^\n]*" "" json "${json}")
    endif()
  endforeach()
  string(REGEX REPLACE "},(\n  ])" "}\\1" json "${json}") # the line is the last one now
  string(REGEX REPLACE ",\n  \"[A-Za-z]+\": \\[\n  ]" "" json "${json}") # none of that kind is left
  string(JSON type TYPE "${json}") # ends with an error where it is no JSON any more
  file(WRITE "${path}" "${json}")
endfunction()

# unlink_pages(): a link of a page to what is not in the package becomes its text.
function(unlink_pages)
  file(GLOB_RECURSE pages ${CMAKE_INSTALL_PREFIX}/*.md)
  foreach(page IN LISTS pages)
    cmake_path(GET page PARENT_PATH folder)
    file(READ "${page}" rest)
    set(done "")
    while(rest MATCHES "\\[([^][\n]+)\\]\\(([^()# \n]+)(#[^() \n]*)?\\)")
      set(link "${CMAKE_MATCH_0}")
      set(text "${CMAKE_MATCH_1}")
      set(target "${CMAKE_MATCH_2}")
      string(FIND "${rest}" "${link}" at)
      string(SUBSTRING "${rest}" 0 ${at} before)
      string(LENGTH "${link}" length)
      math(EXPR at "${at} + ${length}")
      string(SUBSTRING "${rest}" ${at} -1 rest)
      if(NOT target MATCHES "^[a-z]+:" AND NOT EXISTS "${folder}/${target}")
        set(link "${text}")
      endif()
      string(APPEND done "${before}${link}")
    endwhile()
    file(WRITE "${page}" "${done}${rest}")
  endforeach()
endfunction()
