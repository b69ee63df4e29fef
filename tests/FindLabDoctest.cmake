# doctest, which the checks are written with: the system's where there is one, else fetched, else an
# error that says what to do. Brings doctest::doctest and doctest_discover_tests().

find_package(doctest CONFIG QUIET)
if(doctest_FOUND)
  if(NOT COMMAND doctest_discover_tests)
    include(${doctest_DIR}/doctest.cmake)
  endif()
  return()
endif()

set(doctest_repository https://github.com/doctest/doctest.git)
set(doctest_commit 1da23a3e8119ec5cce4f9388e91b065e20bf06f5) # v2.4.12

# FetchContent ends a configuration that cannot fetch with an error of its own, about its own steps. So
# ask first whether it will work.
include(FetchContent)
set(doctest_fetched ${FETCHCONTENT_BASE_DIR}/doctest-src/doctest/doctest.h)
if(NOT FETCHCONTENT_SOURCE_DIR_DOCTEST AND NOT EXISTS ${doctest_fetched})
  find_package(Git QUIET)
  set(doctest_obstacle "git is not installed")
  if(GIT_FOUND)
    execute_process(
      COMMAND ${CMAKE_COMMAND} -E env GIT_TERMINAL_PROMPT=0
        ${GIT_EXECUTABLE} ls-remote --quiet ${doctest_repository} HEAD
      TIMEOUT 30 OUTPUT_QUIET ERROR_VARIABLE doctest_obstacle RESULT_VARIABLE doctest_unreachable)
    if(doctest_unreachable STREQUAL "0")
      set(doctest_obstacle "")
    else()
      string(STRIP "${doctest_obstacle}" doctest_obstacle)
      if(NOT doctest_obstacle)
        set(doctest_obstacle "git ls-remote ${doctest_repository}: ${doctest_unreachable}")
      endif()
    endif()
  endif()
  if(doctest_obstacle)
    message(FATAL_ERROR
      "  The checks need doctest, which is not installed and cannot be fetched:\n"
      "    ${doctest_obstacle}\n"
      "  Install it:\n"
      "    apt-get install doctest-dev          (Debian, Ubuntu)\n"
      "    dnf install doctest-devel            (Fedora)\n"
      "  or, offline, name a folder that holds its sources, version 2.4.9 or newer:\n"
      "    cmake --preset lab -DFETCHCONTENT_SOURCE_DIR_DOCTEST=FOLDER\n"
      "  The demo and the programs of the steps do without it:\n"
      "    cmake --workflow --preset demo")
  endif()
  message(STATUS "doctest is not installed: fetching v2.4.12")
endif()

if(FETCHCONTENT_SOURCE_DIR_DOCTEST AND
    NOT EXISTS ${FETCHCONTENT_SOURCE_DIR_DOCTEST}/scripts/cmake/doctest.cmake)
  message(FATAL_ERROR
    "  FETCHCONTENT_SOURCE_DIR_DOCTEST is ${FETCHCONTENT_SOURCE_DIR_DOCTEST},\n"
    "  which holds no doctest sources: scripts/cmake/doctest.cmake is not there.")
endif()

set(DOCTEST_WITH_TESTS OFF CACHE INTERNAL "")
set(DOCTEST_NO_INSTALL ON CACHE INTERNAL "")
FetchContent_Declare(doctest
  GIT_REPOSITORY ${doctest_repository}
  GIT_TAG ${doctest_commit})
FetchContent_MakeAvailable(doctest)
# Its header is not ours to warn about. (CMake 3.25.1 mistakes a SYSTEM above for part of the tag.)
set_target_properties(doctest PROPERTIES SYSTEM ON)
include(${doctest_SOURCE_DIR}/scripts/cmake/doctest.cmake)
