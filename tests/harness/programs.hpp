// Where the programs under test are.
#pragma once

#include <filesystem>
#include <string_view>

namespace lab {

/// Sets the folder with the programs under test. They have the names of the contract. The default
/// is the folder of the running executable (/proc/self/exe).
void set_program_folder(const std::filesystem::path& path);

const std::filesystem::path& program_folder();

/// The path of a program under test: `name` in the program folder, or `name` itself if it contains
/// a slash. The program need not be there: starting it tells.
std::filesystem::path program(std::string_view name);

} // namespace lab
