#include "tools/grade/gradebook.hpp"

#include "tools/text/text.hpp"

namespace lab::grade {

std::string gradebook_csv(const std::vector<Marks>& all, const std::vector<Exercise>& exercises) {
  std::string text = "student";
  for (const Exercise& exercise : exercises) {
    text += "," + csv(exercise.folder);
  }
  text += ",total,out of\r\n";
  for (const Marks& marks : all) {
    text += csv(printable_line(marks.student));
    for (const ExerciseMarks& one : marks.exercises) {
      text += "," + std::to_string(one.reached());
    }
    text += "," + std::to_string(marks.reached()) + "," + std::to_string(marks.possible()) + "\r\n";
  }
  return text;
}

} // namespace lab::grade
