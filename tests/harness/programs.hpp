// Where the programs under test are.
#pragma once

#include <filesystem>
#include <string_view>

namespace lab {

/// The folder that holds the programs under test by their contract's names. Default: the folder of
/// the running executable (/proc/self/exe).
void set_program_folder(const std::filesystem::path& path);

const std::filesystem::path& program_folder();

/// The path of a program under test: `name` in the program folder, or `name` itself where it
/// contains a slash. Whether it is there is found out when it is started.
std::filesystem::path program(std::string_view name);

} // namespace lab
