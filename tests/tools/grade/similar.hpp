// What a class has handed in, in the form that JPlag and MOSS compare.
#pragma once

#include "tools/grade/kit.hpp"
#include "tools/grade/submission.hpp"

#include <filesystem>

namespace lab::grade {

/// Makes `folder/NN-name/base` with each exercise as shipped. Throws std::runtime_error, if the
/// folder holds something: a former class must not be compared with this one.
void export_base(const std::filesystem::path& folder, const Kit& kit);

/// Makes `folder/NN-name/students/STUDENT` with the sources that were found. Returns for how many
/// exercises. Throws std::runtime_error if it cannot write.
std::size_t export_sources(const std::filesystem::path& folder, const std::string& student,
                           const HandedIn& handed_in, const Kit& kit);

} // namespace lab::grade
