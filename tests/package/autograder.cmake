# The zip for Gradescope: what builds and checks a submission, with setup.sh and run_autograder at its
# root. No solutions: what is not there cannot be read by a submission.
include(${CMAKE_CURRENT_LIST_DIR}/stage.cmake)

stage_grading()
overlay(autograder)
