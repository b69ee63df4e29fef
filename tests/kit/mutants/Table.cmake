# Compares the table of mutants in a README with the one made from the mutants themselves, or writes it.
#
# cmake -D TABLE=... -D README=... [-D WRITE=ON] -P Table.cmake

set(begin "<!-- mutants: made by the target mutants-table -->\n")
set(end "<!-- end of mutants -->\n")
file(READ ${TABLE} table)
file(READ ${README} text)
string(FIND "${text}" "${begin}" from)
string(FIND "${text}" "${end}" to)
if(from EQUAL -1 OR to LESS from)
  message(FATAL_ERROR "${README}: the marks of the table are missing:\n${begin}${end}")
endif()
string(LENGTH "${begin}" length)
math(EXPR from "${from} + ${length}")
math(EXPR length "${to} - ${from}")
string(SUBSTRING "${text}" ${from} ${length} present)
if(present STREQUAL table)
  return()
endif()
if(NOT WRITE)
  message(FATAL_ERROR
    "The table of mutants in ${README} is not that of the mutants any more.\n"
    "Write it anew: cmake --build build --target mutants-table")
endif()
string(SUBSTRING "${text}" 0 ${from} before)
string(SUBSTRING "${text}" ${to} -1 after)
file(WRITE ${README} "${before}${table}${after}")
