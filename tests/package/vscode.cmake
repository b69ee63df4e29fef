# The folder .vscode of the handout, made from the exercises that are in it: a configuration that debugs
# each, and tasks that check each. Its arguments are those of the example in the exercise's page.
# (VS Code finds the presets by itself. CLion needs no such files.)

# make_vscode(): writes it into the package.
function(make_vscode)
  # What a report says of a place (tests/tools/check/report.cpp), as a problem matcher: an editor jumps to
  # it. A regular expression of JavaScript that CMake understands as well.
  set(place "^ +(at +)?([^ :]+[.][ch]pp):([0-9]+): (.*)$")
  set(matcher "[\"$gcc\", {\"owner\": \"fork-lab\", \"source\": \"lab-check\", \"severity\": \"error\",
        \"fileLocation\": [\"relative\", \"\${workspaceFolder}\"],
        \"pattern\": {\"regexp\": \"${place}\", \"file\": 2, \"line\": 3, \"message\": 4}}]")
  set(launch "")
  set(tasks "")
  file(GLOB sources RELATIVE ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_PREFIX}/exercises/[0-9][0-9]-*/*.cpp)
  foreach(source IN LISTS sources)
    cmake_path(GET source PARENT_PATH folder)
    cmake_path(GET source STEM program)
    string(REGEX REPLACE "^exercises/(..).*" "\\1" number "${folder}")
    file(READ ${CMAKE_INSTALL_PREFIX}/${folder}/README.md page)
    if(NOT page MATCHES "build/${folder}/${program}(( [^ \n<>|]+)*)( [0-9]*<[^\n]*)?\n")
      message(FATAL_ERROR "${folder}/README.md shows no command build/${folder}/${program}")
    endif()
    separate_arguments(arguments UNIX_COMMAND "${CMAKE_MATCH_1}")
    list(JOIN arguments "\", \"" arguments)
    string(APPEND launch ",
    {
      \"name\": \"${number}: ${program}\", \"type\": \"cppdbg\", \"request\": \"launch\",
      \"program\": \"\${workspaceFolder}/build/${folder}/${program}\", \"args\": [\"${arguments}\"],
      \"cwd\": \"\${workspaceFolder}\", \"MIMode\": \"gdb\", \"preLaunchTask\": \"build ${number}\",
      \"setupCommands\": [{\"text\": \"set follow-fork-mode \${input:process}\"}]
    }")
    string(APPEND tasks ",
    {
      \"label\": \"build ${number}\", \"type\": \"shell\", \"problemMatcher\": \"$gcc\",
      \"command\": \"cmake --preset lab && cmake --build build --target exercise-${number}\"
    },
    {
      \"label\": \"check ${number}\", \"type\": \"shell\", \"group\": \"test\",
      \"command\": \"cmake --workflow --preset exercise-${number}\",
      \"problemMatcher\": ${matcher}
    }")
  endforeach()
  string(SUBSTRING "${launch}" 1 -1 launch)
  string(SUBSTRING "${tasks}" 1 -1 tasks)
  write_json(launch.json "{
  \"version\": \"0.2.0\",
  \"configurations\": [${launch}
  ],
  \"inputs\": [
    {
      \"id\": \"process\", \"type\": \"pickString\", \"default\": \"parent\",
      \"description\": \"After fork, which process does the debugger follow?\",
      \"options\": [\"parent\", \"child\"]
    }
  ]
}
")
  write_json(tasks.json "{
  \"version\": \"2.0.0\",
  \"tasks\": [${tasks}
  ]
}
")
  # What is in this folder is the kit's now, and no student's own.
  file(READ ${CMAKE_INSTALL_PREFIX}/.gitignore ignored)
  string(REPLACE "/.vscode/\n" "" ignored "${ignored}")
  file(WRITE ${CMAKE_INSTALL_PREFIX}/.gitignore "${ignored}")
endfunction()

function(write_json name text)
  string(JSON type TYPE "${text}") # ends with an error where it is no JSON
  file(WRITE ${CMAKE_INSTALL_PREFIX}/.vscode/${name} "${text}")
endfunction()
