# What students get: the steps, the exercises and what checks them. What goes in is named here. So what is
# new in the kit is not handed out by mistake: no solutions, nothing that shows one (the decks quote
# them), none of the kit's own tests with their right and wrong programs.
include(${CMAKE_CURRENT_LIST_DIR}/stage.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/vscode.cmake)

stage("^(CMakeLists\\.txt|CMakePresets\\.json|LICENSE|\\.clang-format|\\.editorconfig|\\.gitignore)$")
stage("^(\\.devcontainer|steps|exercises)/")
keep_exercises()
stage("^tests/" "^tests/(kit|package|tools/(bench|grade|soak))/|^tests/[A-Z]+\\.md$")
stage("^tests/CONTRACT\\.md$") # to which a failed check points
# The figures that these pages show. (All others belong to the decks.)
set(figures "")
file(GLOB_RECURSE pages ${CMAKE_INSTALL_PREFIX}/*.md)
foreach(page IN LISTS pages)
  file(READ ${page} text)
  string(REGEX MATCHALL "slides/figures/[a-z0-9-]+\\.svg" shown "${text}")
  list(APPEND figures ${shown})
endforeach()
list(JOIN figures "|" figures)
stage("^(${figures})$")
overlay(handout)
# The workflow marks the exercises that are there and count. Each is three lines of it.
file(READ ${CMAKE_INSTALL_PREFIX}/.github/workflows/marks.yml workflow)
string(REGEX MATCHALL "mark [0-9][0-9]\n" marked "${workflow}")
foreach(number IN LISTS marked)
  string(REGEX REPLACE "[^0-9]" "" number "${number}")
  if(NOT exercises MATCHES "(^|;)${number}-" OR number IN_LIST off)
    string(REGEX REPLACE "      - name: Exercise ${number} [^\n]*\n[^\n]*\n[^\n]*\n" "" workflow "${workflow}")
  endif()
endforeach()
file(WRITE ${CMAKE_INSTALL_PREFIX}/.github/workflows/marks.yml "${workflow}")
# A second copy of the exercises' sources: the presets reset-exercise-NN and the key `x` of lab-watch put
# them back.
file(GLOB shipped RELATIVE ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_PREFIX}/exercises/[0-9][0-9]-*/*.cpp)
foreach(file IN LISTS shipped)
  cmake_path(GET file PARENT_PATH folder)
  file(COPY ${CMAKE_INSTALL_PREFIX}/${file} DESTINATION ${CMAKE_INSTALL_PREFIX}/tests/shipped/${folder})
endforeach()
make_vscode()
keep_presets("^(lab|demo|base|verdict|watch|progress|grade|(reset-)?(step|exercise)-[0-9][0-9])$")
unlink_pages()
