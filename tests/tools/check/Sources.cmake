# of_sources(VARIABLE): what the verdict on SOURCES, a folder of KIT, depends on, as one number: the files
# in it, what they may include, the checks, and their marks.
cmake_minimum_required(VERSION 3.25)

function(of_sources variable)
  file(GLOB files ${KIT}/${SOURCES}/* ${KIT}/steps/support/* ${KIT}/exercises/support/*)
  list(FILTER files EXCLUDE REGEX "(~|\\.mine[0-9]*)$") # what an editor and a reset keep beside them
  set(all "")
  foreach(file IN LISTS files ITEMS ${LAB_CHECK} ${KIT}/tests/marks.txt)
    if(NOT IS_DIRECTORY "${file}")
      file(SHA256 "${file}" hash)
      string(APPEND all "${file} ${hash}\n")
    endif()
  endforeach()
  string(SHA256 hash "${all}")
  set(${variable} ${hash} PARENT_SCOPE)
endfunction()
