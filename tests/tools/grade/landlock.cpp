#include "tools/grade/landlock.hpp"

#include "harness/fd.hpp"
#include "tools/grade/mounts.hpp"

#include <cstdint>
#include <string>

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lab::grade {

namespace {

namespace fs = std::filesystem;

void allow(int ruleset, const fs::path& path, std::uint64_t rights) {
  const Fd folder(::open(path.c_str(), O_PATH | O_CLOEXEC));

  struct stat status {};

  if (!folder || ::fstat(folder.get(), &status) != 0) {
    return; // not there: nothing to allow
  }
  constexpr std::uint64_t of_files = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                     LANDLOCK_ACCESS_FS_READ_FILE | (1U << 14U);
  landlock_path_beneath_attr rule{};
  rule.allowed_access = S_ISDIR(status.st_mode) ? rights : rights & of_files;
  rule.parent_fd = folder.get();
  or_throw(static_cast<int>(
               ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0)),
           "landlock_add_rule " + path.string());
}

} // namespace

int landlock_version() {
  return static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
}

void restrict_files(const JobOptions& options) {
  const int version = landlock_version();
  std::uint64_t all = (std::uint64_t{1} << 13U) - 1; // the rights of the first version
  if (version >= 2) {
    all |= std::uint64_t{1} << 13U; // LANDLOCK_ACCESS_FS_REFER
  }
  if (version >= 3) {
    all |= std::uint64_t{1} << 14U; // LANDLOCK_ACCESS_FS_TRUNCATE
  }
  constexpr std::uint64_t read =
      LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
  const std::uint64_t write =
      all & ~(std::uint64_t{LANDLOCK_ACCESS_FS_MAKE_BLOCK} | LANDLOCK_ACCESS_FS_MAKE_CHAR);
  landlock_ruleset_attr attributes{};
  attributes.handled_access_fs = all;
  const Fd ruleset =
      own(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, 8, 0)),
          "landlock_create_ruleset");
  for (const char* const folder : system_folders) {
    allow(ruleset.get(), folder, read);
  }
  for (const char* const file : {"/etc/passwd", "/etc/group", "/etc/hosts", "/etc/nsswitch.conf",
                                 "/etc/localtime", "/proc"}) {
    allow(ruleset.get(), file, read);
  }
  for (const std::string device : devices) {
    allow(ruleset.get(), "/dev/" + device, read | write);
  }
  for (const std::string device : terminals) {
    if (options.trusted) {
      allow(ruleset.get(), "/dev/" + device, read | write);
    }
  }
  for (const Mount& mount : options.mounts) {
    allow(ruleset.get(), mount.folder, mount.writable ? read | write : read);
  }
  allow(ruleset.get(), options.temporary, read | write);
  or_throw(static_cast<int>(::syscall(SYS_landlock_restrict_self, ruleset.get(), 0)),
           "landlock_restrict_self");
}

} // namespace lab::grade
