#include "harness/probe/elf.hpp"

#include <array>
#include <cstring>
#include <fstream>
#include <string_view>
#include <system_error>
#include <vector>

#include <elf.h>
#include <link.h>
#include <sys/stat.h>
#include <sys/xattr.h>

namespace lab::probe {

namespace {

using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);
using Entry = ElfW(Dyn);

std::string contents(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  std::string text(error ? 0 : size, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

// A structure of the file at this place, if the file is that long.
template <typename Type>
std::optional<Type> at(std::string_view file, std::size_t place) {
  if (place > file.size() || file.size() - place < sizeof(Type)) {
    return std::nullopt;
  }
  Type result;
  std::memcpy(&result, file.data() + place, sizeof result);
  return result;
}

std::string_view text_at(std::string_view file, std::size_t place) {
  return place < file.size() ? file.substr(place, file.find('\0', place) - place)
                             : std::string_view();
}

std::vector<Segment> segments(std::string_view file, const Header& header) {
  std::vector<Segment> result;
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    if (const auto segment = at<Segment>(file, header.e_phoff + i * sizeof(Segment))) {
      result.push_back(*segment);
    }
  }
  return result;
}

// Where in the file that is which the program finds at this address.
std::size_t place_of(const std::vector<Segment>& all, std::size_t address) {
  for (const Segment& segment : all) {
    if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
        address - segment.p_vaddr < segment.p_filesz) {
      return address - segment.p_vaddr + segment.p_offset;
    }
  }
  return std::string_view::npos;
}

// The libraries that it names: DT_NEEDED of elf(5).
std::vector<std::string_view> libraries(std::string_view file, const std::vector<Segment>& all) {
  std::vector<std::size_t> names;
  std::size_t table = std::string_view::npos;
  for (const Segment& segment : all) {
    for (std::size_t i = 0; segment.p_type == PT_DYNAMIC; ++i) {
      const auto entry = at<Entry>(file, segment.p_offset + i * sizeof(Entry));
      if (!entry || entry->d_tag == DT_NULL) {
        break;
      }
      if (entry->d_tag == DT_NEEDED) {
        names.push_back(entry->d_un.d_val);
      } else if (entry->d_tag == DT_STRTAB) {
        table = place_of(all, entry->d_un.d_ptr);
      }
    }
  }
  std::vector<std::string_view> result;
  result.reserve(names.size());
  for (const std::size_t name : names) {
    result.push_back(table < file.size() ? text_at(file, table + name) : std::string_view());
  }
  return result;
}

Header own_header() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  Header header{};
  std::array<char, sizeof(Header)> bytes{};
  file.read(bytes.data(), bytes.size());
  std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

} // namespace

std::optional<std::string> cannot_preload(const std::filesystem::path& program) {
  struct stat status {};

  const std::string file = contents(program);
  if (file.empty() || stat(program.c_str(), &status) == -1) {
    return std::nullopt;
  }
  if (file.starts_with("#!")) {
    return "is a script: what runs it would be probed, not what it does";
  }
  const auto header = at<Header>(file, 0);
  if (!header || !file.starts_with(ELFMAG)) {
    return "is not an ELF program";
  }
  const Header own = own_header();
  if (own.e_ident[EI_CLASS] != ELFCLASS64 ||
      (own.e_machine != EM_X86_64 && own.e_machine != EM_AARCH64)) {
    return "is built for a processor that the probe does not know; it knows x86-64 and arm64";
  }
  if (header->e_ident[EI_CLASS] != own.e_ident[EI_CLASS] || header->e_machine != own.e_machine) {
    return "is built for another kind of processor than the probe";
  }
  const auto all = segments(file, *header);
  std::string_view loader;
  for (const Segment& segment : all) {
    if (segment.p_type == PT_INTERP) {
      loader = text_at(file, segment.p_offset);
    }
  }
  if (loader.empty()) {
    return "is statically linked: nothing can be preloaded into it";
  }
  if (loader.find("musl") != std::string_view::npos) {
    return "uses another C library (" + std::string(loader) + ") than the probe";
  }
  if ((status.st_mode & (S_ISUID | S_ISGID)) != 0 ||
      getxattr(program.c_str(), "security.capability", nullptr, 0) > 0) {
    return "runs with rights of its own (set-user-ID or capabilities): nothing is preloaded into "
           "it";
  }
  for (const std::string_view library : libraries(file, all)) {
    if (library.starts_with("libtsan.")) {
      return "is built with ThreadSanitizer, which handles signals itself";
    }
  }
  return std::nullopt;
}

} // namespace lab::probe
