#include "tools/bench/results.hpp"

#include <fstream>
#include <thread>

#include <sys/utsname.h>

namespace lab::bench {

Machine this_machine() {
  Machine machine;
  machine.processor = "unknown processor";
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) { // `model name	: AMD EPYC 7763 ...`
    if (const auto colon = line.find(": ");
        line.starts_with("model name") && colon != std::string::npos) {
      machine.processor = line.substr(colon + 2);
      break;
    }
  }
  machine.cores = std::thread::hardware_concurrency();
  utsname system{};
  if (::uname(&system) == 0) {
    machine.kernel = std::string(system.sysname) + " " + system.release;
  }
  machine.compiler = LAB_COMPILER;
  machine.build = LAB_BUILD_TYPE;
  return machine;
}

} // namespace lab::bench
