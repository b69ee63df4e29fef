// Files, folders and pipes of the grader, and folders that a stranger has written in.
#pragma once

#include "harness/fd.hpp"

#include <filesystem>
#include <string_view>
#include <utility>

namespace lab::grade {

/// A pipe: the end to read from, which does not block, and the end to write to. Throws
/// std::system_error.
std::pair<Fd, Fd> make_pipe();

/// Writes what can be written, and does not fail.
void write_all(int fd, std::string_view text);

/// Writes into a file of few bytes, in one write(2), as those of /proc want it; makes it where it
/// is not there. Throws std::system_error.
void write_file(const std::filesystem::path& path, std::string_view text);

/// Removes a folder that a stranger may have written in.
void remove_folder(const std::filesystem::path& folder);

} // namespace lab::grade
