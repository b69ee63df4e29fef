# cmake -D LAB_BENCH=FILE -D FOLDER=FOLDER -P quick_test.cmake
#
# That lab-bench works: a quick run of three servers, its tables, its JSON, its charts, and what it says
# to a wrong command line. No figure is asserted, but that there is one.

file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})

function(expect_match text pattern)
  if(NOT text MATCHES "${pattern}")
    message(FATAL_ERROR "looked for /${pattern}/ in\n${text}")
  endif()
endfunction()

file(WRITE ${FOLDER}/page.md "before\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nafter\n")
file(WRITE ${FOLDER}/slide.md "before\n<!-- bench: begin in short -->\n<!-- bench: end -->\nafter\n")
execute_process(
  COMMAND ${LAB_BENCH} --quick --only bare_server,bare_server_static,echo_mpserver --json ${FOLDER}/bench.json
    --svg ${FOLDER}/bench.svg --growth-svg ${FOLDER}/growth.svg --into ${FOLDER}/page.md
    --into ${FOLDER}/slide.md
  RESULT_VARIABLE result OUTPUT_VARIABLE out ERROR_VARIABLE err)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "lab-bench ended with ${result}\n${out}${err}")
endif()

set(number "[0-9][0-9,.]*")
expect_match("${out}" "\n\\| bare loop, the limit \\| +${number} \\| +${number} ")
if(NOT out MATCHES "bare loop, static is left out")
  expect_match("${out}" "\n\\| bare loop, static +\\| +${number} \\(${number}\\) \\|")
endif()
expect_match("${out}" "\n\\| echo_mpserver \\(06\\) +\\| +${number} \\(${number}\\) \\|")
foreach(what IN ITEMS "all served, after ms" "all gone and reaped, after ms" "memory for each, KiB")
  expect_match("${out}" "\n\\| ${what}[^\n]*10 clients \\|\n[^\n]*\n(\\| bare[^\n]*${number}\\)? \\|\n)+\\| echo_mp[^\n]*${number}\\)? \\|\n")
endforeach()

# In the page, the same text in the place of the old.
file(READ ${FOLDER}/page.md page)
string(REPLACE "before\n<!-- bench: begin -->\n\n" "" page "${page}")
string(REPLACE "\n<!-- bench: end -->\nafter\n" "" page "${page}")
if(NOT page STREQUAL out)
  message(FATAL_ERROR "between the markers there is\n${page}\nwhere this was printed:\n${out}")
endif()

file(READ ${FOLDER}/slide.md slide)
expect_match("${slide}" "^before\n[^\n]*-->\n\n\\| server [^\n]*\n[^\n]*\n\\| bare [^(\n]*\n(\\| bare[^\n]*\n)?\\| echo_mp[^\n]*${number}\\) \\|\n\n<!-- bench: end -->\nafter\n$")

file(READ ${FOLDER}/bench.json json)
string(JSON limit GET "${json}" limit)
string(JSON servers LENGTH "${json}" servers)
math(EXPR last "${servers} - 1")
string(JSON name GET "${json}" servers ${last} name)
if(NOT "${limit} ${name}" STREQUAL "bare_server echo_mpserver")
  message(FATAL_ERROR "the JSON has ${servers} servers, the second is ${name}, the limit ${limit}")
endif()
foreach(figure IN ITEMS connections_per_s connections_of_limit round_trips_per_s round_trip_p99_us
    bulk_mib_per_s bulk_of_limit)
  string(JSON median GET "${json}" servers ${last} ${figure} median)
  if(NOT median GREATER 0)
    message(FATAL_ERROR "${figure} of ${name} is ${median}")
  endif()
endforeach()
foreach(figure IN ITEMS served_ms reaped_ms pss_per_client_kib)
  string(JSON median GET "${json}" servers ${last} growth 1 ${figure} median)
  if(NOT median GREATER 0)
    message(FATAL_ERROR "${figure} of ${name} with 10 clients is ${median}")
  endif()
endforeach()

# From what is in the JSON, the same again.
execute_process(
  COMMAND ${LAB_BENCH} --redraw ${FOLDER}/bench.json --json ${FOLDER}/again.json
    --svg ${FOLDER}/again.svg --growth-svg ${FOLDER}/growth-again.svg
  RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE err)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "lab-bench --redraw ended with ${result}\n${err}")
endif()
file(READ ${FOLDER}/again.json again)
if(NOT again STREQUAL json)
  message(FATAL_ERROR "lab-bench --redraw made another run of it:\n${again}\nwhere this was read:\n${json}")
endif()

foreach(chart IN ITEMS bench growth again growth-again)
  file(READ ${FOLDER}/${chart}.svg svg)
  expect_match("${svg}" "^<svg [^>]*role=\"img\".*<title [^>]*>.+</title>.*<desc [^>]*>.*echo_mpserver")
  expect_match("${svg}" "<rect .*</text>.*</svg>\n$")
  string(REPLACE "http://www.w3.org/2000/svg" "" svg "${svg}")
  if(svg MATCHES "https?:|href|url\\(|<script|<image")
    message(FATAL_ERROR "${chart}.svg needs something from outside")
  endif()
endforeach()

foreach(wrong IN ITEMS "--only;nobody" "--rounds;0" "--minutes;none" "--rounds" "--fast" "--json;")
  execute_process(COMMAND ${LAB_BENCH} ${wrong}
    RESULT_VARIABLE result OUTPUT_VARIABLE out ERROR_VARIABLE err)
  if(NOT result EQUAL 2)
    message(FATAL_ERROR "lab-bench ${wrong} ended with ${result}\n${err}")
  endif()
  expect_match("${err}" "^usage: lab-bench .*\nlab-bench: .+\n$")
endforeach()
file(WRITE ${FOLDER}/page.md "no markers\n")
execute_process(
  COMMAND ${LAB_BENCH} --quick --only echo_server --into ${FOLDER}/page.md
  RESULT_VARIABLE result OUTPUT_VARIABLE out ERROR_VARIABLE err)
if(NOT result EQUAL 1 OR NOT err MATCHES "page.md: there is no line")
  message(FATAL_ERROR "a page without markers: ended with ${result}\n${err}")
endif()
file(REMOVE_RECURSE ${FOLDER})
