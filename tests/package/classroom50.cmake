# The folder for Classroom 50: autograder.py, and beside it what builds and checks a submission, as
# Gradescope gets it.
include(${CMAKE_CURRENT_LIST_DIR}/stage.cmake)

stage_grading()
overlay(classroom50)
