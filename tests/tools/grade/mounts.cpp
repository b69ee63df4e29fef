#include "tools/grade/mounts.hpp"

#include "harness/fd.hpp"
#include "tools/grade/files.hpp"

#include <cerrno>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lab::grade {

namespace {

namespace fs = std::filesystem;

void mount_at(const char* source, const fs::path& target, const char* type, unsigned long flags,
              const std::string& data = {}) {
  or_throw(::mount(source, target.c_str(), type, flags, data.empty() ? nullptr : data.c_str()),
           "mount " + target.string());
}

void make_read_only(const fs::path& target) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  if (::mount_setattr(AT_FDCWD, target.c_str(), AT_RECURSIVE, &attributes, sizeof attributes) ==
      0) {
    return;
  }
  if (errno != ENOSYS) {
    throw_errno("mount_setattr " + target.string());
  }
  mount_at(nullptr, target, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV);
}

/// Of a folder or a file: mount(2).
void bind_mount(const fs::path& source, const fs::path& target, bool writable) {
  if (fs::is_directory(source)) {
    fs::create_directories(target);
  } else {
    fs::create_directories(target.parent_path());
    write_file(target, "");
  }
  mount_at(source.c_str(), target, nullptr, MS_BIND | MS_REC);
  if (!writable) {
    make_read_only(target);
  }
}

std::string size_option(std::size_t bytes) {
  return "size=" + std::to_string(bytes) + ",nr_inodes=20000";
}

} // namespace

void mount_root(const fs::path& root, const std::vector<Mount>& mounts, std::size_t disk_bytes,
                bool with_terminals) {
  or_throw(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount --make-rprivate /");
  mount_at("lab", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m");
  for (const fs::path source : system_folders) {
    const fs::path target = root / source.relative_path();
    std::error_code error;
    if (fs::is_symlink(source, error)) {
      fs::create_directories(target.parent_path());
      fs::create_symlink(fs::read_symlink(source), target);
    } else if (fs::exists(source, error)) {
      bind_mount(source, target, false);
    }
  }
  for (const Mount& mount : mounts) {
    bind_mount(mount.folder, root / fs::path(mounts_folder).relative_path() / mount.name,
               mount.writable);
  }
  fs::create_directories(root / "etc");
  write_file(root / "etc/passwd", "root:x:0:0::/:/bin/sh\n");
  write_file(root / "etc/group", "root:x:0:\n");
  write_file(root / "etc/hosts", "127.0.0.1 localhost\n::1 localhost\n");

  fs::create_directory(root / "dev");
  mount_at("lab", root / "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k");
  const auto add_device = [&](const std::string& device) {
    std::error_code error;
    if (fs::exists("/dev/" + device, error)) {
      bind_mount("/dev/" + device, root / "dev" / device, true);
    }
  };
  std::ranges::for_each(devices, add_device);
  if (with_terminals) {
    add_device("tty");
    fs::create_directory(root / "dev/pts");
    mount_at("lab", root / "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
             "newinstance,ptmxmode=0666,mode=620");
    fs::create_symlink("pts/ptmx", root / "dev/ptmx");
  }
  fs::create_symlink("/proc/self/fd", root / "dev/fd");
  fs::create_directory(root / "dev/shm");
  mount_at("lab", root / "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
           "mode=1777," + size_option(disk_bytes));
  // Not what is mounted below it.
  mount_at(nullptr, root / "dev", nullptr,
           MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC);
  fs::create_directory(root / "tmp");
  mount_at("lab", root / "tmp", "tmpfs", MS_NOSUID | MS_NODEV,
           "mode=1777," + size_option(disk_bytes));
  fs::create_directory(root / "proc");
  mount_at("proc", root / "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC);

  or_throw(::chdir(root.c_str()), "chdir");
  or_throw(static_cast<int>(::syscall(SYS_pivot_root, ".", ".")), "pivot_root");
  or_throw(::umount2(".", MNT_DETACH), "umount2");
  mount_at(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV);
  or_throw(::chdir("/"), "chdir");
}

} // namespace lab::grade
