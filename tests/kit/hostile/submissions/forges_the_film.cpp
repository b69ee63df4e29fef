// Fills the memory that a film is made of: with markup for the names of calls, and with noise. The
// test puts the kit's own shared.hpp beside it, which says how that memory is laid out.
#include "bounded.hpp"
#include "shared.hpp"

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <random>

bool attack() {
  using lab::probe::Shared;
  const char* const path = std::getenv(lab::probe::variable);
  const int file = path == nullptr ? -1 : open(path, O_RDWR | O_CLOEXEC);
  void* const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) { // of a check that is not filmed
    return false;
  }
  auto* const shared = static_cast<Shared*>(memory);

  struct timespec now {};

  clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t start = now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
  std::mt19937_64 noise(16);
  const auto any = [&]() -> std::int64_t {
    switch (noise() % 5) {
    case 0:
      return getpid();
    case 1:
      return static_cast<std::int64_t>(noise() % 8);
    case 2:
      return -1;
    case 3:
      return INT32_MAX;
    default:
      return static_cast<std::int64_t>(noise());
    }
  };
  const std::size_t known = shared->calls.used; // the begin of this program is among them
  for (std::size_t i = known; i < shared->calls.records.size(); ++i) {
    auto& facts = shared->calls.records[i].facts;
    const bool markup = i < known + 100;
    facts = {};
    facts.what = markup ? lab::probe::What::call_accept
                        : static_cast<lab::probe::What>(noise() % (i % 2 == 0 ? 30 : 65536));
    facts.flags = static_cast<std::uint16_t>(markup ? lab::probe::flag_waits : noise());
    facts.pid = markup ? getpid() : static_cast<std::int32_t>(any());
    facts.time = markup || i % 3 != 0 ? start + static_cast<std::int64_t>(i) * 1000 : any();
    facts.began = markup ? facts.time : any();
    facts.result = any();
    facts.arguments = {any(), any(), any()};
    facts.error = markup || i % 2 == 0 ? 0 : static_cast<std::int32_t>(any());
    facts.signal = markup || i % 2 == 0 ? 0 : static_cast<std::int32_t>(any());
    std::strcpy(facts.text.data(), "<script>1</script>");
    std::strcpy(facts.interrupted.data(), "<script>2</script>");
    std::strcpy(facts.data.data(), "</script><script>alert(1)</script>");
    for (char& byte : facts.address) {
      byte = static_cast<char>(markup ? 0 : noise());
    }
    shared->calls.records[i].ready =
        markup ? lab::probe::record_begun : static_cast<std::uint32_t>(i % 4);
  }
  shared->calls.used = static_cast<std::uint32_t>(shared->calls.records.size());
  return false;
}
