// Files, folders and pipes of the grader. Submissions may have written into some of the folders.
#pragma once

#include "harness/fd.hpp"

#include <filesystem>
#include <string_view>
#include <utility>

namespace lab::grade {

/// A pipe: the end to read from, which does not block, and the end to write to. Throws
/// std::system_error.
std::pair<Fd, Fd> make_pipe();

/// Writes as much as it can. It never fails.
void write_all(int fd, std::string_view text);

/// Writes a small file by one write(2), as files of /proc need it. Makes the file if it is not
/// there. Throws std::system_error.
void write_file(const std::filesystem::path& path, std::string_view text);

/// Removes a folder that a submission may have written into.
void remove_folder(const std::filesystem::path& folder);

} // namespace lab::grade
