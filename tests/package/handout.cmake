# What students get: the steps, the exercises and what checks them. By name, so that what is new in the
# kit stays in the house until it is let out: no solutions, nothing that shows one (the decks quote
# them), none of the kit's own tests with their right and wrong programs.
include(${CMAKE_CURRENT_LIST_DIR}/stage.cmake)

stage("^(CMakeLists\\.txt|CMakePresets\\.json|LICENSE|\\.clang-format|\\.editorconfig|\\.gitignore)$")
stage("^(\\.devcontainer|steps|exercises)/")
stage("^tests/" "^tests/(kit|package|tools/(bench|grade|soak))/|^tests/[A-Z]+\\.md$")
stage("^tests/CONTRACT\\.md$") # to which a failed check points
stage("^slides/figures/(xray-|bench).*\\.svg$") # which the lessons show
overlay(handout)
keep_presets("^(lab|demo|base|verdict|grade|(step|exercise)-[0-9][0-9])$")
unlink_pages()
