# Read by CTest: see LabelLessons.cmake.
foreach(test IN LISTS lab-decks_TESTS)
  if(test MATCHES "^deck ([0-9][0-9])-")
    set_tests_properties("${test}" PROPERTIES LABELS "slides;step-${CMAKE_MATCH_1}")
  else()
    set_tests_properties("${test}" PROPERTIES LABELS slides)
  endif()
endforeach()
