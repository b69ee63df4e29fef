// lab-bench [--quick] [--rounds N] [--minutes N] [--only NAME,...] [--json FILE] [--svg FILE]
//           [--growth-svg FILE] [--into FILE]...
// lab-bench --redraw FILE [the same options]: from what --json has written, without measuring
//
// The servers of the lab side by side, in one run: how fast each is, how it grows with the number
// of clients at once, and what that is of a bare loop of accept, fork, echo, close and _exit.
// README.md tells how to read the figures.

#include "harness/deadline.hpp"
#include "harness/failure.hpp"
#include "harness/guard.hpp"
#include "harness/limits.hpp"
#include "harness/output.hpp"
#include "harness/proc.hpp"
#include "harness/server.hpp"
#include "tools/bench/chart.hpp"
#include "tools/bench/load.hpp"
#include "tools/bench/report.hpp"
#include "tools/bench/results.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <numeric>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <sched.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using lab::Clock;
using lab::Failure;
using lab::Server;
using lab::bench::Count;
using lab::bench::Crowd;
using lab::bench::Growth;
using lab::bench::Result;
using lab::bench::Run;
using lab::bench::Seconds;

constexpr std::string_view limit_name = "bare_server";

/// How often growth is measured. It takes longer than a round of all the rest.
constexpr std::size_t rounds_of_growth = 3;

// The servers.

struct Candidate {
  std::string name;
  std::string title;
  std::string program;
  /// Before the port.
  std::vector<std::string> arguments{}; // NOLINT(readability-redundant-member-init)
  /// A program that is not of the lab, and need not be there.
  std::string tool{}; // NOLINT(readability-redundant-member-init)
  /// It serves one client after another: nobody is served at once.
  bool one_at_a_time = false;
};

/// `command` gets the port as $0.
std::vector<std::string> by_shell(const std::string& command) {
  return {"-c", "exec " + command};
}

std::vector<Candidate> all_candidates() {
  return {
      {.name = std::string(limit_name), .title = "bare loop, the limit", .program = BARE_SERVER},
      {.name = "bare_server_static",
       .title = "bare loop, static",
       .program = BARE_SERVER_STATIC}, // empty where nothing can be linked so
      {.name = "echo_mpserver", .title = "echo_mpserver (06)", .program = "echo_mpserver"},
      {.name = "tidy_server", .title = "tidy_server (05)", .program = "tidy_server"},
      {.name = "echo_server",
       .title = "echo_server (01)",
       .program = "echo_server",
       .one_at_a_time = true},
      {.name = "textbook", .title = "the textbook's", .program = TEXTBOOK_SERVER},
      {.name = "socat",
       .title = "socat",
       .program = "/bin/sh",
       .arguments =
           by_shell("socat TCP4-LISTEN:$0,bind=127.0.0.1,fork,reuseaddr,backlog=4096 PIPE"),
       .tool = "socat"},
      {.name = "ncat",
       .title = "ncat -e cat",
       .program = "/bin/sh",
       .arguments = by_shell("ncat -l -k -m 2000 -e /bin/cat 127.0.0.1 $0"),
       .tool = "ncat"},
  };
}

bool is_installed(const std::string& tool) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/bin:/bin" : path;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(':'), rest.size());
    if (::access((std::string(rest.substr(0, end)) + "/" + tool).c_str(), X_OK) == 0) {
      return true;
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

/// Its output goes where it costs least: what is measured is the server, not a reader of it.
Server start(const Candidate& candidate) {
  lab::ServerOptions options;
  options.process.arguments = candidate.arguments;
  options.process.input = lab::Input::null;
  options.process.output = lab::Output::null;
  options.process.most_processes = 10'000;
  return Server(candidate.program, std::move(options));
}

// The command line.

struct Options {
  std::size_t rounds = 5;
  std::size_t minutes = 5;
  bool quick = false;
  std::vector<std::string> only;
  std::string redraw;
  std::string json;
  std::string svg;
  std::string growth_svg;
  std::vector<std::string> into;
};

[[noreturn]] void usage(const std::string& reason) {
  std::fprintf(stderr,
               "usage: lab-bench [--quick] [--rounds N] [--minutes N] [--only NAME,...] "
               "[--json FILE] [--svg FILE] [--growth-svg FILE] [--into FILE]... [--redraw FILE]\n"
               "lab-bench: %s\n",
               reason.c_str());
  std::exit(2);
}

std::vector<std::string> names_in(std::string_view text) {
  std::vector<std::string> names;
  const auto all = all_candidates();
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    names.emplace_back(text.substr(0, end));
    if (std::none_of(all.begin(), all.end(),
                     [&](const Candidate& candidate) { return candidate.name == names.back(); })) {
      std::string known;
      for (const Candidate& candidate : all) {
        known += (known.empty() ? "" : ", ") + candidate.name;
      }
      usage("--only: there is no server `" + names.back() + "`; there are " + known);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return names;
}

std::size_t number_in(const std::string& option, std::string_view text) {
  std::size_t number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || number < 1 || number > 1'000) {
    usage(option + " takes a number from 1 to 1000, not `" + std::string(text) + "`");
  }
  return number;
}

Options options_from(std::span<char*> arguments) {
  Options options;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string option(arguments[i]);
    if (option == "--quick") {
      options.quick = true;
      options.rounds = 1;
      continue;
    }
    const std::array known{"--rounds", "--minutes",    "--only", "--json",
                           "--svg",    "--growth-svg", "--into", "--redraw"};
    if (std::find(known.begin(), known.end(), option) == known.end()) {
      usage("there is no option `" + option + "`");
    }
    if (i + 1 == arguments.size() || *arguments[i + 1] == '\0') {
      usage(option + " needs a value");
    }
    const std::string value(arguments[++i]);
    if (option == "--rounds") {
      options.rounds = number_in(option, value);
    } else if (option == "--minutes") {
      options.minutes = number_in(option, value);
    } else if (option == "--only") {
      options.only = names_in(value);
    } else if (option == "--redraw") {
      options.redraw = value;
    } else if (option == "--json") {
      options.json = value;
    } else if (option == "--svg") {
      options.svg = value;
    } else if (option == "--growth-svg") {
      options.growth_svg = value;
    } else {
      options.into.push_back(value);
    }
  }
  return options;
}

// Measuring.

/// Until the server has no child, or none but zombies that it lets be. Returns how many are left.
std::size_t wait_for_end_of_children(const Server& server) {
  constexpr auto pause = 200us;
  constexpr auto look = 400ms; // the zombies of this moment and of the one before are the same
  std::size_t former = 0;
  auto next = Clock::now() + look;
  const lab::Deadline deadline(lab::bench::answer_limit);
  while (lab::has_children(server.pid())) {
    if (Clock::now() >= next) {
      const auto children = lab::children_of(server.pid());
      const bool dead = std::all_of(children.begin(), children.end(),
                                    [](const auto& child) { return child.zombie(); });
      if ((dead && children.size() == former) || deadline.passed()) {
        return children.size();
      }
      former = children.size();
      next = Clock::now() + look;
    }
    std::this_thread::sleep_for(pause); // nothing tells of a stranger's child that is reaped
  }
  return 0;
}

struct Memory {
  double pss_kib = 0;         // of a server and all that descends from it
  double of_children_kib = 0; // of its descendants: what each shares with no other process
};

Memory memory_of(const Server& server) {
  Memory memory;
  if (const auto use = lab::memory_use(server.pid())) {
    memory.pss_kib = static_cast<double>(use->proportional) / 1024;
  }
  for (const lab::ProcessInfo& process : lab::descendants_of(server.pid())) {
    if (const auto use = lab::memory_use(process.pid)) {
      memory.pss_kib += static_cast<double>(use->proportional) / 1024;
      memory.of_children_kib += static_cast<double>(use->unshared) / 1024;
    }
  }
  return memory;
}

/// One round of a number of clients at once, with a server of its own.
void measure_crowd(const Candidate& candidate, Growth& growth) {
  Server server = start(candidate);
  lab::bench::connections(server.port(), Seconds(0)); // one, to warm up
  wait_for_end_of_children(server);
  const Memory before = memory_of(server);
  Crowd crowd(server.port(), growth.clients);
  const auto served = crowd.wait_until_served();
  if (!served) {
    growth.not_served = growth.clients - crowd.served();
    return;
  }
  growth.served_ms.push_back(served->count() * 1e3);
  if (candidate.one_at_a_time) {
    return; // it has no children
  }
  const Memory with_all = memory_of(server);
  const auto clients = static_cast<double>(growth.clients);
  growth.pss_kib.push_back((with_all.pss_kib - before.pss_kib) / clients);
  growth.own_kib.push_back(with_all.of_children_kib / clients);
  const auto start_of_leaving = Clock::now();
  crowd.leave();
  growth.not_reaped = std::max(growth.not_reaped, wait_for_end_of_children(server));
  growth.reaped_ms.push_back(Seconds(Clock::now() - start_of_leaving).count() * 1e3);
}

/// While it lives, the clients have a processor of their own, and the server and the children that
/// it will have the others. Left to itself, the scheduler puts a child on the clients' processor or
/// on another one, and leaves it there as long as the connection lasts: a message takes 15 or 50
/// microseconds, and luck decides. Nothing changes on a machine with one processor.
/// sched_setaffinity(2).
class Apart {
public:
  explicit Apart(pid_t server) : server_(server) {
    if (::sched_getaffinity(0, sizeof all_, &all_) != 0 || CPU_COUNT(&all_) < 2) {
      CPU_ZERO(&all_);
      return;
    }
    cpu_set_t ours;
    CPU_ZERO(&ours);
    cpu_set_t theirs = all_;
    std::size_t first = 0;
    while (!CPU_ISSET(first, &all_)) {
      ++first;
    }
    CPU_SET(first, &ours);
    CPU_CLR(first, &theirs);
    keep(0, ours);
    keep(server_, theirs);
  }

  Apart(const Apart&) = delete;
  Apart& operator=(const Apart&) = delete;
  Apart(Apart&&) = delete;
  Apart& operator=(Apart&&) = delete;

  ~Apart() {
    if (CPU_COUNT(&all_) > 0) {
      ::sched_setaffinity(0, sizeof all_, &all_);
      ::sched_setaffinity(server_, sizeof all_, &all_); // fails where it has gone
    }
  }

private:
  static void keep(pid_t process, const cpu_set_t& processors) {
    if (::sched_setaffinity(process, sizeof processors, &processors) != 0) {
      throw Failure("process " + std::to_string(process) +
                    ": sched_setaffinity: " + std::generic_category().message(errno));
    }
  }

  pid_t server_;
  cpu_set_t all_{};
};

class Bench {
public:
  explicit Bench(Options options) : options_(std::move(options)) {
    run_.machine = lab::bench::this_machine();
    run_.limit = limit_name;
    choose_entrants();
    choose_sizes();
  }

  Run measure() {
    measure_until_quiet();
    const std::size_t times = options_.quick ? 1 : rounds_of_growth;
    for (std::size_t i = 0; i < times; ++i) {
      progress("clients at once, " + std::to_string(i + 1) + " of " + std::to_string(times));
      measure_growth();
    }
    progress("");
    for (const Result& result : run_.results) {
      if (!result.failure.empty()) {
        note(result.title + " failed: " + result.failure);
      }
    }
    return std::move(run_);
  }

private:
  /// As many rounds as are asked for. Then one more and one more, until the last ones were quiet or
  /// the time is up.
  void measure_until_quiet() {
    const lab::Deadline deadline(std::chrono::minutes(options_.minutes));
    std::optional<double> spread;
    do {
      progress("round " + std::to_string(run_.rounds + 1) + " of " +
               std::to_string(options_.rounds) +
               (spread ? ", again: " + lab::bench::how_quiet(run_) : ""));
      measure_speed();
      ++run_.rounds;
      if (run_.rounds >= options_.rounds) {
        spread = lab::bench::spread(lab::bench::last_rounds(run_, options_.rounds));
      }
    } while (!deadline.passed() &&
             (run_.rounds < options_.rounds || (spread && *spread > lab::bench::quiet)));
    run_.rounds_measured = run_.rounds;
    lab::bench::keep_quietest(run_, options_.rounds);
    if (run_.rounds < options_.rounds) {
      note("The time was up after " + std::to_string(run_.rounds) + " of " +
           std::to_string(options_.rounds) + " rounds.");
    }
  }

  void note(std::string text) { run_.notes.push_back(std::move(text)); }

  /// On a terminal, a line that the next one replaces.
  static void progress(const std::string& what) {
    if (::isatty(STDERR_FILENO) == 1) {
      std::fprintf(stderr, "\r\x1b[K%s", what.c_str());
    }
  }

  void choose_entrants() {
    for (const Candidate& candidate : all_candidates()) {
      const auto& only = options_.only;
      if (!only.empty() && std::find(only.begin(), only.end(), candidate.name) == only.end()) {
        continue;
      }
      if (!candidate.tool.empty() && !is_installed(candidate.tool)) {
        note(candidate.tool + " is not installed: left out.");
        continue;
      }
      if (candidate.program.empty()) {
        note(candidate.title + " is left out: nothing can be linked statically here.");
        continue;
      }
      if (candidate.one_at_a_time) {
        note(candidate.title + " serves one client after another: nobody is served at once.");
      }
      Result result;
      result.name = candidate.name;
      result.title = candidate.title;
      entrants_.push_back(candidate);
      run_.results.push_back(std::move(result));
    }
  }

  void choose_sizes() {
    const std::size_t descriptors = lab::raise_descriptor_limit(4'096);
    for (const std::size_t size : {1U, 10U, 100U, 1'000U}) {
      if (options_.quick && size > 10) {
        continue;
      }
      if (size + 100 > descriptors) {
        note(std::to_string(size) + " clients at once need more descriptors than the limit of " +
             std::to_string(descriptors) + " (ulimit -Hn): left out.");
        continue;
      }
      sizes_.push_back(size);
    }
  }

  /// Calls `act` with the place of each entrant that has not failed, in another order each time: it
  /// matters after whom one's turn comes. (After the textbook's round trips, which mostly wait, the
  /// scheduler treats the next server otherwise: in one fixed order the one behind it had 1.3 times
  /// the round trips that it has elsewhere.) One that fails is out.
  template <typename Act>
  void each(Act act) {
    std::vector<std::size_t> places(entrants_.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    std::shuffle(places.begin(), places.end(), orders_);
    for (const std::size_t place : places) {
      std::string& failure = run_.results[place].failure;
      if (failure.empty()) {
        try {
          act(place);
        } catch (const Failure& caught) {
          const std::string text = caught.what();
          failure = text.substr(0, text.find('\n'));
        }
      }
    }
  }

  /// In turns of a fraction of a second, so that a slow moment hurts all alike.
  void measure_speed() {
    struct Counts {
      std::optional<Server> server{}; // NOLINT(readability-redundant-member-init)
      Count connections{};
      Count round_trips{};
      Count bulk{};
      std::vector<double> latencies{}; // NOLINT(readability-redundant-member-init)
    };

    const Seconds slice(options_.quick ? 0.02 : 0.12);
    const std::size_t turns = options_.quick ? 1 : 5;
    std::vector<Counts> all(entrants_.size());
    const auto port = [&](std::size_t place) { return all[place].server->port(); };
    each([&](std::size_t place) {
      all[place].server.emplace(::start(entrants_[place]));
      lab::bench::connections(port(place), Seconds(0)); // one, to warm up
    });
    for (std::size_t turn = 0; turn < turns; ++turn) {
      each([&](std::size_t place) {
        all[place].connections += lab::bench::connections(port(place), slice);
      });
      each([&](std::size_t place) {
        const Apart apart(all[place].server->pid());
        all[place].round_trips += lab::bench::round_trips(port(place), slice, all[place].latencies);
      });
      // Each connection begins with small windows, which the kernel lets grow by what it measures.
      // One connection gets twice the rate of the next, as long as it lasts: so many short ones.
      each([&](std::size_t place) {
        const Apart apart(all[place].server->pid());
        Count counted;
        do {
          counted += lab::bench::bulk(port(place), slice / 6);
        } while (counted.time < 2 * slice);
        all[place].bulk += counted;
      });
    }
    each([&](std::size_t place) {
      const Counts& counts = all[place];
      Result& result = run_.results[place];
      result.connections.push_back(counts.connections.rate());
      result.round_trips.push_back(counts.round_trips.rate());
      result.bulk.push_back(counts.bulk.rate() / (1 << 20));
      result.p50_us.push_back(lab::bench::quantile(counts.latencies, 0.5));
      result.p99_us.push_back(lab::bench::quantile(counts.latencies, 0.99));
    });
  }

  void measure_growth() {
    for (std::size_t i = 0; i < sizes_.size(); ++i) {
      each([&](std::size_t place) {
        const Candidate& candidate = entrants_[place];
        auto& growth = run_.results[place].growth;
        if (candidate.one_at_a_time && sizes_[i] > 1) {
          return;
        }
        if (growth.size() <= i) {
          growth.emplace_back().clients = sizes_[i];
        }
        // Few clients are soon served, and the less there is to measure the more it varies.
        const int times = options_.quick || sizes_[i] > 100 ? 1 : sizes_[i] > 10 ? 2 : 5;
        for (int time = 0; time < times && growth[i].not_served == 0; ++time) {
          measure_crowd(candidate, growth[i]);
        }
      });
    }
  }

  Options options_;
  Run run_;
  std::vector<Candidate> entrants_; ///< each has its place in run_.results
  std::vector<std::size_t> sizes_;
  std::mt19937 orders_; // NOLINT(cert-msc32-c,cert-msc51-cpp): the same orders in each run
};

std::string with(const std::string& file, const Run& run) {
  try {
    return lab::bench::between_markers(lab::bench::read_whole(file), run);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(file + ": " + error.what());
  }
}

void bench(const Options& options) {
  for (const std::string& file : options.into) {
    with(file, {}); // a page without the lines is told before minutes have gone into it
  }
  // What is shown comes from what the JSON has, with its rounded numbers: so both agree.
  const Run run =
      lab::bench::run_from_json(options.redraw.empty() ? lab::bench::json(Bench(options).measure())
                                                       : lab::bench::read_whole(options.redraw));
  const std::string text = lab::bench::tables(run);
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (!options.json.empty()) {
    lab::bench::write_file(options.json, lab::bench::json(run));
  }
  if (!options.svg.empty()) {
    lab::bench::write_file(options.svg, lab::bench::speed_chart(run));
  }
  if (!options.growth_svg.empty()) {
    lab::bench::write_file(options.growth_svg, lab::bench::growth_chart(run));
  }
  for (const std::string& file : options.into) {
    lab::bench::write_file(file, with(file, run));
  }
}

} // namespace

int main(int argc, char** argv) {
  const Options options = options_from(std::span(argv, static_cast<std::size_t>(argc)));
  try {
    lab::guard_descendants();
    bench(options);
    return lab::status_after_output("lab-bench", 0);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lab-bench: %s\n", error.what());
    return 1;
  }
}
