// lab-soak [--connections N] [--at-once N] [--seed N] [--limit SECONDS] [--server NAME]
//          [--beside NAME]
//
// Endurance. One server, and clients of every kind, many at once: some half-close before they read,
// some reset, some stall, and some have their child killed. Each knows which bytes it has to get
// back. Afterwards nothing may be left of them: no zombie, no descriptor, no memory, no line too
// few.
//
// --beside NAME: the same with a server that leaks (leaky_server, textbook), until it is plain. It
// has to fail, or the soak has: exit status 1.
//
// A client is drawn from the seed and its number alone, however the threads take turns.

#include "harness/asan.hpp"
#include "harness/deadline.hpp"
#include "harness/failure.hpp"
#include "harness/guard.hpp"
#include "harness/limits.hpp"
#include "harness/output.hpp"
#include "harness/proc.hpp"
#include "harness/server.hpp"
#include "harness/tcp.hpp"
#include "harness/tree.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using lab::Clock;
using lab::Connection;
using lab::Failure;
using lab::Server;

/// Descriptors that the server may have: fewer than clients come, and more than it needs at once.
constexpr unsigned descriptors_of_server = 1'024;

/// What the parent may have more at the end than after its first client, in pages: its list of
/// children, as long as there were children at once.
constexpr std::size_t pages_allowed = 16;

/// Clients that failed, after which no more are sent, and of which so many are told of.
constexpr std::size_t enough_failures = 10;
constexpr std::size_t told_failures = 3;
constexpr int skipped = 77; // as automake and others have it

struct Options {
  std::size_t connections = 200'000;
  std::size_t at_once = 500;
  std::uint64_t seed = std::random_device()();
  std::chrono::seconds limit = 900s;
  std::string server = "echo_mpserver";
  std::string beside;
};

// The command line.

[[noreturn]] void usage(const std::string& reason) {
  std::fprintf(stderr,
               "usage: lab-soak [--connections N] [--at-once N] [--seed N] [--limit SECONDS] "
               "[--server NAME] [--beside NAME]\nlab-soak: %s\n",
               reason.c_str());
  std::exit(2);
}

std::uint64_t number_in(const std::string& option, std::string_view text, std::uint64_t most) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value > most ||
      (value == 0 && option != "--seed")) {
    usage(option + " takes a number from " + (option == "--seed" ? "0" : "1") + " to " +
          std::to_string(most) + ", not `" + std::string(text) + "`");
  }
  return value;
}

Options options_from(std::span<char*> arguments) {
  Options options;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string option(arguments[i]);
    const std::array known{"--connections", "--at-once", "--seed",
                           "--limit",       "--server",  "--beside"};
    if (std::find(known.begin(), known.end(), option) == known.end()) {
      usage("there is no option `" + option + "`");
    }
    if (i + 1 == arguments.size() || *arguments[i + 1] == '\0') {
      usage(option + " needs a value");
    }
    const std::string value(arguments[++i]);
    if (option == "--connections") {
      options.connections = number_in(option, value, 10'000'000);
    } else if (option == "--at-once") {
      options.at_once = number_in(option, value, 5'000);
    } else if (option == "--seed") {
      options.seed = number_in(option, value, UINT64_MAX);
    } else if (option == "--limit") {
      options.limit = std::chrono::seconds(number_in(option, value, 86'400));
    } else if (option == "--server") {
      options.server = value;
    } else {
      options.beside = value;
    }
  }
  options.at_once = std::min(options.at_once, options.connections);
  return options;
}

// The figures.

/// What a process has, at a moment when it has no children.
struct Holdings {
  std::vector<std::string> descriptors; ///< number and target of each
  std::size_t memory = 0;               ///< anonymous bytes

  explicit Holdings(pid_t pid) {
    for (const lab::DescriptorInfo& descriptor : lab::descriptors_of(pid)) {
      descriptors.push_back(std::to_string(descriptor.fd) + " " + descriptor.target);
    }
    const auto use = lab::memory_use(pid);
    memory = use ? use->anonymous : 0;
  }

  Holdings() = default;
};

struct Figures {
  std::string server;
  std::size_t connections = 0;
  lab::Clock::duration time{};
  std::size_t peak = 0;
  std::size_t half_closes = 0;
  std::size_t resets = 0;
  std::size_t stalls = 0;
  std::size_t kills = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_back = 0;
  std::uint64_t bytes_given_up = 0; ///< of clients that reset
  std::uint64_t bytes_lost = 0;     ///< with children that were killed
  std::size_t connected = 0;        ///< lines of each kind
  std::size_t disconnected = 0;
  std::size_t removed = 0;
  std::size_t zombies = 0;
  Holdings before;
  Holdings after;
  std::vector<std::string> failures;
};

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (auto place = static_cast<std::ptrdiff_t>(digits.size()) - 3; place > 0; place -= 3) {
    digits.insert(static_cast<std::size_t>(place), 1, ',');
  }
  return digits;
}

void print(const std::vector<Figures>& all) {
  const auto row = [&](std::string_view title, auto cell) {
    std::printf("%-34s", std::string(title).c_str());
    for (const Figures& figures : all) {
      std::printf("%20s", cell(figures).c_str());
    }
    std::printf("\n");
  };
  const auto count = [&](std::string_view title, auto Figures::*member) {
    row(title, [&](const Figures& figures) { return grouped(figures.*member); });
  };
  row("", [](const Figures& figures) { return figures.server; });
  count("connections", &Figures::connections);
  row("a second", [](const Figures& figures) {
    const std::chrono::duration<double> seconds = figures.time;
    return grouped(static_cast<std::uint64_t>(static_cast<double>(figures.connections) /
                                              std::max(0.001, seconds.count())));
  });
  count("at once, at most", &Figures::peak);
  count("half-closed before they read", &Figures::half_closes);
  count("reset", &Figures::resets);
  count("stalled", &Figures::stalls);
  count("children killed", &Figures::kills);
  count("bytes sent", &Figures::bytes_sent);
  count("  came back, and were right", &Figures::bytes_back);
  count("  given up by clients that reset", &Figures::bytes_given_up);
  count("  lost with children killed", &Figures::bytes_lost);
  count("lines `connected client`", &Figures::connected);
  count("lines `client disconnected`", &Figures::disconnected);
  count("lines `removed proc id`", &Figures::removed);
  count("children left, zombies among them", &Figures::zombies);
  row("descriptors, first client to last", [](const Figures& figures) {
    return grouped(figures.before.descriptors.size()) + " -> " +
           grouped(figures.after.descriptors.size());
  });
  row("memory of the parent, KiB", [](const Figures& figures) {
    return grouped(figures.before.memory >> 10U) + " -> " + grouped(figures.after.memory >> 10U);
  });
  row("verdict", [](const Figures& figures) {
    return std::string(figures.failures.empty() ? "stands it" : "fails");
  });
}

// The clients.

/// One server and its clients.
class Soak {
public:
  Soak(const Options& options, const std::string& name, bool to_fail)
      : options_(options), to_fail_(to_fail), limit_(to_fail ? 1s : lab::patience),
        deadline_(options.limit), server_(program(name), server_options()) {
    figures_.server = name;
  }

  Figures run() {
    const auto start = Clock::now();
    first_client();
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < options_.at_once; ++i) {
      threads.emplace_back([this] {
        send_clients();
        ++idle_;
      });
    }
    show_progress();
    for (std::jthread& thread : threads) {
      thread.join();
    }
    figures_.time = Clock::now() - start;
    add_up();
    if (failed_ == 0 && figures_.connections < options_.connections) {
      fail("of " + grouped(options_.connections) + " connections " + grouped(figures_.connections) +
           " were made in " + lab::in_words(options_.limit));
    }
    look_at_what_is_left();
    look_at_the_end();
    return std::move(figures_);
  }

private:
  using Random = std::mt19937_64;

  static std::string program(const std::string& name) {
    return name == "textbook" ? TEXTBOOK_SERVER : name;
  }

  static lab::ServerOptions server_options() {
    lab::ServerOptions options;
    options.process.input = lab::Input::null;
    options.process.output = lab::Output::file;
    options.process.open_files = descriptors_of_server;
    options.process.most_processes = 10'000;
    return options;
  }

  /// On a terminal, in a line that is gone in the end.
  void show_progress() {
    while (::isatty(STDERR_FILENO) == 1 && idle_ < options_.at_once) {
      std::fprintf(stderr, "\r%s: %s of %s ", figures_.server.c_str(), grouped(done_).c_str(),
                   grouped(options_.connections).c_str());
      std::this_thread::sleep_for(200ms);
    }
    if (::isatty(STDERR_FILENO) == 1) {
      std::fprintf(stderr, "\r\x1b[K");
    }
  }

  static std::size_t up_to(Random& random, std::size_t most) { return 1 + random() % most; }

  void fail(std::string what) {
    const std::lock_guard lock(mutex_);
    figures_.failures.push_back(std::move(what));
  }

  void fail_client(const std::string& who, std::string_view why) {
    if (++failed_ <= told_failures) {
      fail(who + ": " + std::string(why.substr(0, why.find('\n'))));
    }
  }

  /// Comes, is served and leaves: after it the server has what it needs, and no more.
  void first_client() {
    try {
      Connection client = server_.connect();
      client.exchange("the first\n");
      end(client);
      wait_for_end_of_children();
    } catch (const Failure& failure) {
      fail_client("the first client", failure.what());
    }
    figures_.before = Holdings(server_.pid());
  }

  void wait_for_end_of_children() {
    lab::wait_until(
        "the server to reap its children", [&] { return !lab::has_children(server_.pid()); },
        [&] {
          return std::to_string(server_.children().size()) + " living and " +
                 std::to_string(server_.zombies().size()) + " zombies are left";
        },
        limit_);
  }

  [[nodiscard]] bool over() const {
    if (deadline_.passed()) {
      return true;
    }
    // One that is to fail has failed enough once it accepts nobody any more.
    return to_fail_ ? failed_ > 0 && (next_ > 4 * descriptors_of_server || !server_is_silent())
                    : failed_ >= enough_failures;
  }

  [[nodiscard]] bool server_is_silent() const { return server_process().err().empty(); }

  [[nodiscard]] const lab::Process& server_process() const {
    return const_cast<Server&>(server_).process(); // NOLINT(*-const-cast): it is only read
  }

  void send_clients() {
    for (std::size_t number = next_++; number < options_.connections && !over(); number = next_++) {
      try {
        live(number);
      } catch (const std::exception& error) {
        fail_client("client " + std::to_string(number), error.what());
      }
      ++done_;
    }
  }

  /// Counts a client while it is connected.
  class Present {
  public:
    explicit Present(Soak& soak) : soak_(soak) {
      const std::size_t now = ++soak_.present_;
      std::size_t peak = soak_.peak_;
      while (now > peak && !soak_.peak_.compare_exchange_weak(peak, now)) {
      }
      ++soak_.connections_;
    }

    Present(const Present&) = delete;
    Present& operator=(const Present&) = delete;
    Present(Present&&) = delete;
    Present& operator=(Present&&) = delete;

    ~Present() { --soak_.present_; }

  private:
    Soak& soak_;
  };

  /// A client's whole life.
  void live(std::size_t number) {
    Random random(options_.seed + number);
    const auto kind = random() % 100;
    const bool stalls = kind >= 80 && kind < 92;
    // Each address of ours has some 28,000 ports, and each port is kept a minute after its end.
    const std::string from = "127.0.1." + std::to_string(1 + number / 2'000 % 250);
    Connection client =
        Connection::to(server_.port(), server_.address(), limit_, stalls ? 16'384 : 0, from);
    const Present present(*this);
    if (number < options_.at_once) {
      wait_for_all(client);
    }
    if (kind < 50) {
      exchange(client, random);
    } else if (kind < 70) {
      half_close_first(client, random);
    } else if (kind < 80) {
      reset(client, random);
    } else if (stalls) {
      stall(client, random);
    } else if (kind < 96) {
      be_silent(client);
    } else {
      have_child_killed(client, random);
    }
  }

  void send(Connection& client, std::string_view data) {
    client.send(data, limit_);
    sent_ += data.size();
  }

  void exchange_line(Connection& client) {
    constexpr std::string_view line = "a line, there and back\n";
    sent_ += line.size();
    client.exchange(line, limit_);
    back_ += line.size();
  }

  /// The end of a client who has its bytes.
  void end(Connection& client) {
    client.half_close();
    expect_end(client);
  }

  void expect_end(Connection& client) {
    const std::string rest = client.receive_until_eof(limit_);
    if (!rest.empty()) {
      throw Failure(std::to_string(rest.size()) + " bytes came that nobody had sent");
    }
  }

  /// Takes in `size` bytes, which have to be the first of `data`.
  void take_back(Connection& client, std::string_view data, std::size_t size) {
    if (client.receive(size, limit_) != data.substr(0, size)) {
      throw Failure("something else came back than what was sent");
    }
    back_ += size;
  }

  static std::string text(Random& random, std::size_t size) {
    std::string data;
    data.reserve(size + sizeof(std::uint64_t));
    while (data.size() < size) {
      const auto word = random();
      data.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
    data.resize(size);
    return data;
  }

  /// The first ones stay until all of them are there and have been served: the peak is what it
  /// says.
  void wait_for_all(Connection& client) {
    exchange_line(client);
    ++arrived_;
    lab::wait_until(
        "the first clients to be served, all at once",
        [&] { return arrived_ == options_.at_once || failed_ > 0; },
        [&] { return std::to_string(arrived_.load()) + " have been"; }, lab::patience);
  }

  void exchange(Connection& client, Random& random) {
    const auto size = up_to(random, random() % 20 == 0  ? std::size_t{1} << 20
                                    : random() % 3 == 0 ? std::size_t{1} << 16
                                                        : 2'000);
    sent_ += size;
    client.exchange_pattern(size, random(), limit_);
    back_ += size;
    end(client);
  }

  /// What it sends fits into the sockets' buffers, so nobody needs to read meanwhile.
  void half_close_first(Connection& client, Random& random) {
    ++half_closes_;
    const std::string data = text(random, up_to(random, 32'768));
    send(client, data);
    client.half_close();
    take_back(client, data, data.size());
    expect_end(client);
  }

  void reset(Connection& client, Random& random) {
    ++resets_;
    if (random() % 3 != 0) {
      exchange_line(client);
      const std::size_t size =
          client.send_some_nonblocking(text(random, up_to(random, std::size_t{1} << 17)));
      sent_ += size;
      given_up_ += size;
    }
    client.reset();
  }

  /// Sends until no more goes: its child is in write(2) then. Reads when twenty others have gone.
  void stall(Connection& client, Random& random) {
    const std::string data = text(random, std::size_t{1} << 20);
    std::size_t size = 0;
    for (std::size_t more = 1; more > 0;) {
      more = client.send_some_nonblocking(std::string_view(data).substr(size));
      size += more;
    }
    sent_ += size;
    ++stalls_;
    wait_for_others();
    take_back(client, data, size);
    end(client);
  }

  void be_silent(Connection& client) {
    ++stalls_;
    wait_for_others();
    exchange_line(client);
    end(client);
  }

  void wait_for_others() {
    const std::size_t wanted = done_ + 20;
    ++waiting_;
    lab::wait_until(
        "others to come and go",
        [&] {
          const bool all_wait = waiting_ + idle_ >= options_.at_once;
          return done_ >= wanted || next_ >= options_.connections || all_wait || over();
        },
        [] { return std::string(); }, options_.limit);
    --waiting_;
  }

  void have_child_killed(Connection& client, Random& random) {
    exchange_line(client);
    const lab::ProcessInfo child = child_of(client);
    const std::string data = text(random, up_to(random, 32'768));
    send(client, data);
    if (!lab::send_signal(child, SIGKILL)) {
      throw Failure("its child " + std::to_string(child.pid) + " had ended");
    }
    ++kills_;
    std::string got;
    try {
      got = client.receive_until_eof(limit_);
    } catch (const Failure&) {
      if (!client.was_reset()) {
        throw;
      }
      lost_ += data.size(); // a reset throws away what had come back, too
      return;
    }
    if (!data.starts_with(got)) {
      throw Failure("something else came back than what was sent");
    }
    back_ += got.size();
    lost_ += data.size() - got.size();
  }

  /// The child of the server that holds the other end: one of the youngest.
  lab::ProcessInfo child_of(const Connection& client) {
    return *lab::wait_until(
        "a child that holds the connection",
        [&]() -> std::optional<lab::ProcessInfo> {
          const auto socket = lab::server_end(client);
          auto children = lab::some_children_of(server_.pid());
          for (auto pid = children.rbegin(); socket && pid != children.rend(); ++pid) {
            auto child = lab::process_info(*pid);
            for (const lab::DescriptorInfo& descriptor : lab::descriptors_of(*pid)) {
              if (child && child->parent == server_.pid() && descriptor.inode == socket->inode &&
                  descriptor.kind == lab::DescriptorInfo::Kind::socket) {
                return child;
              }
            }
          }
          return std::nullopt;
        },
        limit_);
  }

  // Afterwards.

  void add_up() {
    figures_.connections = connections_ + 1; // the first
    figures_.peak = peak_;
    figures_.half_closes = half_closes_;
    figures_.resets = resets_;
    figures_.stalls = stalls_;
    figures_.kills = kills_;
    figures_.bytes_sent = sent_;
    figures_.bytes_back = back_;
    figures_.bytes_given_up = given_up_;
    figures_.bytes_lost = lost_;
    if (failed_ > told_failures) {
      fail(grouped(failed_ - told_failures) + " more clients failed");
    }
    if (failed_ == 0 && sent_ != back_ + given_up_ + lost_) {
      fail("of " + grouped(sent_) + " bytes " + grouped(sent_ - back_ - given_up_ - lost_) +
           " are not accounted for");
    }
  }

  void count_lines() {
    figures_.connected = 0;
    figures_.disconnected = 0;
    figures_.removed = 0;
    for (const std::string& line : server_.process().lines()) {
      figures_.connected += line.starts_with("connected client") ? 1U : 0U;
      figures_.disconnected += line == "client disconnected" ? 1U : 0U;
      figures_.removed += line.starts_with("removed proc id: ") ? 1U : 0U;
    }
  }

  void look_at_what_is_left() {
    try {
      wait_for_end_of_children();
    } catch (const Failure& failure) {
      fail(failure.what());
    }
    if (!figures_.failures.empty()) {
      limit_ = std::min<std::chrono::milliseconds>(limit_, 2s); // what else fails fails soon
    }
    figures_.zombies = lab::children_of(server_.pid()).size();
    figures_.after = Holdings(server_.pid());
    const Holdings& before = figures_.before;
    const Holdings& after = figures_.after;
    if (after.descriptors != before.descriptors) {
      fail("the parent had " + grouped(before.descriptors.size()) +
           " descriptors after its first client, and has " + grouped(after.descriptors.size()) +
           " now; the last is " + (after.descriptors.empty() ? "none" : after.descriptors.back()));
    }
    // AddressSanitizer keeps for a while what the program has freed.
    if (!lab::has_address_sanitizer("/proc/" + std::to_string(server_.pid()) + "/exe") &&
        after.memory > before.memory + pages_allowed * static_cast<std::size_t>(::getpagesize())) {
      fail("the parent had " + grouped(before.memory >> 10U) +
           " KiB of memory after its first client, and has " + grouped(after.memory >> 10U) +
           " KiB now");
    }
    try {
      // The output is a file, which is looked at now and then.
      lab::wait_until(
          "each line `connected client` to have its `removed proc id`, and each child that was not "
          "killed its `client disconnected`",
          [&] {
            count_lines();
            return figures_.connected == figures_.connections &&
                   figures_.removed == figures_.connections &&
                   figures_.disconnected + figures_.kills == figures_.connections;
          },
          [&] {
            return "of " + grouped(figures_.connections) + " connections " +
                   grouped(figures_.connected) + " were printed and " + grouped(figures_.removed) +
                   " removed; " + grouped(figures_.disconnected) + " disconnected and " +
                   grouped(figures_.kills) + " killed";
          },
          limit_);
    } catch (const Failure& failure) {
      fail(failure.what());
    }
    if (const std::string errors = server_.process().err(); !errors.empty()) {
      fail("on standard error: " + errors.substr(0, errors.find('\n')));
    }
  }

  void look_at_the_end() {
    try {
      const lab::Exit end = server_.stop(SIGTERM, limit_);
      if (!end.success()) {
        fail("after SIGTERM: " + end.text());
      }
    } catch (const Failure& failure) {
      const std::string_view text = failure.what();
      fail("after SIGTERM: " + std::string(text.substr(0, text.find('\n'))));
    }
    if (const auto left = server_.process().left_behind(); !left.empty()) {
      fail("it left " + grouped(left.size()) + " processes behind");
    }
  }

  const Options& options_;
  bool to_fail_;
  std::chrono::milliseconds limit_;
  lab::Deadline deadline_;
  Server server_;
  Figures figures_;
  std::mutex mutex_;
  std::atomic<std::size_t> next_ = 1; // the first has number 0
  std::atomic<std::size_t> done_ = 0;
  std::atomic<std::size_t> idle_ = 0; // threads that have no client any more
  std::atomic<std::size_t> failed_ = 0;
  std::atomic<std::size_t> waiting_ = 0; // threads whose clients wait for others
  std::atomic<std::size_t> present_ = 0;
  std::atomic<std::size_t> peak_ = 0;
  std::atomic<std::size_t> arrived_ = 1;
  std::atomic<std::size_t> connections_ = 0;
  std::atomic<std::size_t> half_closes_ = 0;
  std::atomic<std::size_t> resets_ = 0;
  std::atomic<std::size_t> stalls_ = 0;
  std::atomic<std::size_t> kills_ = 0;
  std::atomic<std::uint64_t> sent_ = 0;
  std::atomic<std::uint64_t> back_ = 0;
  std::atomic<std::uint64_t> given_up_ = 0;
  std::atomic<std::uint64_t> lost_ = 0;
};

int soak(const Options& options) {
  const std::size_t descriptors = lab::raise_descriptor_limit(options.at_once + 100);
  lab::raise_process_limit();
  // A thread for each client, a child for each connection, and some that have left and still end.
  const std::size_t processes = options.at_once * 5 / 2 + 20;
  const std::size_t room = lab::room_for_processes(processes);
  if (descriptors < options.at_once + 100 || room < processes) {
    std::printf("skipped: %s clients at once take %s descriptors and %s processes and threads, and "
                "there is room for %s and %s (ulimit -n, ulimit -u): take fewer by --at-once\n",
                grouped(options.at_once).c_str(), grouped(options.at_once + 100).c_str(),
                grouped(processes).c_str(), grouped(descriptors).c_str(), grouped(room).c_str());
    return skipped;
  }
  std::printf("seed %llu: %s connections, up to %s at once; the server may have %s descriptors\n",
              static_cast<unsigned long long>(options.seed), grouped(options.connections).c_str(),
              grouped(options.at_once).c_str(), grouped(descriptors_of_server).c_str());
  std::fflush(stdout);
  std::vector<Figures> all{Soak(options, options.server, false).run()};
  bool right = all.front().failures.empty();
  if (!options.beside.empty()) {
    all.push_back(Soak(options, options.beside, true).run());
    right &= !all.back().failures.empty();
  }
  print(all);
  for (const Figures& figures : all) {
    for (const std::string& failure : figures.failures) {
      std::printf("%s: %s\n", figures.server.c_str(), failure.c_str());
    }
  }
  if (!options.beside.empty() && all.back().failures.empty()) {
    std::printf("%s was to fail, and did not: the soak does not see what it leaks\n",
                options.beside.c_str());
  }
  return right ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  const Options options = options_from(std::span(argv, static_cast<std::size_t>(argc)));
  try {
    lab::guard_descendants();
    return lab::status_after_output("lab-soak", soak(options));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lab-soak: %s\n", error.what());
    return 1;
  }
}
