# Read by CTest: doctest_discover_tests cannot give each test two labels of its own.
foreach(test IN LISTS lab-lessons_TESTS)
  if(test MATCHES "^lesson ([0-9][0-9])-")
    set_tests_properties("${test}" PROPERTIES LABELS "lessons;step-${CMAKE_MATCH_1}")
  else()
    set_tests_properties("${test}" PROPERTIES LABELS lessons)
  endif()
endforeach()
