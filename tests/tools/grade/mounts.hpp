// The files that a job sees, if it has a mount namespace of its own.
#pragma once

#include "tools/grade/jail.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <vector>

namespace lab::grade {

/// Where such a job has its mounts.
inline constexpr const char* mounts_folder = "/lab";

/// What a compiler and a program need of the system. (Some may not be there.) All of it is
/// read-only.
inline constexpr std::array system_folders{"/usr",
                                           "/bin",
                                           "/sbin",
                                           "/lib",
                                           "/lib32",
                                           "/lib64",
                                           "/opt",
                                           "/nix",
                                           "/gnu",
                                           "/libx32",
                                           "/etc/ld.so.cache",
                                           "/etc/ld.so.conf",
                                           "/etc/ld.so.conf.d",
                                           "/etc/alternatives"};

inline constexpr std::array devices{"null", "zero", "full", "random", "urandom"};

/// For a program in a terminal. A compiler has none of them: a source that includes one would wait
/// for somebody to type it.
inline constexpr std::array terminals{"tty", "ptmx", "pts"};

/// Makes `root` the root of the calling process, in its mount namespace. In it are the system,
/// read-only, and the folders of `mounts`, and nothing else. Throws std::system_error.
void mount_root(const std::filesystem::path& root, const std::vector<Mount>& mounts,
                std::size_t disk_bytes, bool with_terminals);

} // namespace lab::grade
