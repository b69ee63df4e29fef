// Tests of lab-xray and its pictures: that they say what the kernel shows, fit where they are
// shown, and come to an end.

#define DOCTEST_CONFIG_IMPLEMENT
#include "harness/deadline.hpp"
#include "harness/guard.hpp"
#include "harness/process.hpp"
#include "harness/programs.hpp"
#include "harness/server.hpp"
#include "tools/drawing/picture.hpp"
#include "tools/drawing/snapshot.hpp"
#include "tools/drawing/svg.hpp"
#include "tools/drawing/terminal.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <regex>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;
using lab::Process;
using lab::Server;

using Environment = std::vector<std::pair<std::string, std::string>>;

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// `$1` stands for a pid or another number.
std::string with(std::string text, std::initializer_list<long> numbers) {
  int i = 0;
  for (const long number : numbers) {
    const std::string place = "$" + std::to_string(++i);
    for (auto at = text.find(place); at != std::string::npos; at = text.find(place)) {
      text.replace(at, place.size(), std::to_string(number));
    }
  }
  return text;
}

lab::ProcessOptions options_for(std::vector<std::string> arguments, Environment environment = {},
                                lab::Output output = lab::Output::pipe) {
  for (const auto& [name, value] :
       Environment{{"TERM", "xterm"}, {"NO_COLOR", ""}, {"COLUMNS", ""}}) {
    if (std::none_of(environment.begin(), environment.end(),
                     [&, &of_name = name](const auto& entry) { return entry.first == of_name; })) {
      environment.emplace_back(name, value);
    }
  }
  return {.arguments = std::move(arguments),
          .input = lab::Input::null,
          .output = output,
          .environment = std::move(environment)};
}

Process start_xray(lab::ProcessOptions options) {
  return Process(lab::program("lab-xray"), std::move(options));
}

struct Ran {
  lab::Exit exit;
  std::string out;
  std::string err;
  std::vector<std::string> lines;
};

Ran run_xray(std::vector<std::string> arguments, Environment environment = {},
             lab::Output output = lab::Output::pipe) {
  Process xray = start_xray(options_for(std::move(arguments), std::move(environment), output));
  const lab::Exit exit = xray.wait();
  return {.exit = exit, .out = xray.out(), .err = xray.err(), .lines = xray.lines()};
}

std::string text_of(const lab::Snapshot& snapshot, std::size_t width = 200) {
  std::string text;
  for (const lab::Part& part : lab::xray(snapshot, {}, width)) {
    text += lab::plain_text_of(part.lines);
  }
  return text;
}

/// Waits until the X-ray of `roots` contains the text.
void await(const std::vector<pid_t>& roots, const std::string& text) {
  lab::wait_until(
      "'" + text + "'", [&] { return contains(text_of(lab::look_at(roots)), text); },
      [&] { return text_of(lab::look_at(roots)); });
}

Process start_client(const std::string& program, const Server& server) {
  return Process(lab::program(program),
                 {.arguments = {server.address(), std::to_string(server.port())}});
}

/// A folder of ours; gone with its owner.
class Folder {
public:
  Folder() { std::filesystem::create_directory(path_); }

  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  Folder(Folder&&) = delete;
  Folder& operator=(Folder&&) = delete;

  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
  // With characters that are wide and some that a terminal would obey.
  std::filesystem::path path_ = std::filesystem::temp_directory_path() /
                                ("x-ray 엑스레이 \x1b[31m." + std::to_string(::getpid()));
};

/// A sleeping child of this process.
class Child {
public:
  template <typename Prepare>
  explicit Child(Prepare prepare) : pid_(::fork()) {
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL); // whatever becomes of us
      prepare();
      while (true) {
        ::pause();
      }
    }
    REQUIRE(pid_ > 0);
  }

  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Child(Child&&) = delete;
  Child& operator=(Child&&) = delete;

  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  [[nodiscard]] pid_t pid() const { return pid_; }

private:
  pid_t pid_;
};

TEST_SUITE("terminal") {
  TEST_CASE("the width of a text is that of its characters on a screen") {
    CHECK(lab::width_of("abc") == 3);
    CHECK(lab::width_of("├─ é") == 4);
    CHECK(lab::width_of("소켓 日本") == 9);
    CHECK(lab::width_of("e\xcc\x81") == 1);        // an e and an accent that combines
    CHECK(lab::width_of("\xf0\x9f\x90\xa7") == 2); // a penguin
    CHECK(lab::width_of("\xff\xec\x86") == 3);     // no UTF-8: a column a byte
  }

  TEST_CASE("what a terminal might obey, and what is no UTF-8, is shown as a question mark") {
    CHECK(lab::harmless("a\x1b[31m\nb\x7f\xff") == "a?[31m?b??");
    CHECK(lab::harmless("소켓") == "소켓");
    CHECK(lab::harmless("\xe2\x80\xae"
                        "abc\xe2\x80\xac") == "?abc?"); // right to left, and back
    CHECK(lab::harmless("\xc2\x9b"
                        "31m") == "?31m"); // the other way to write ESC [
  }

  TEST_CASE("a long text is cut in its middle, a wide character never in two") {
    CHECK(lab::cut("/home/student/fork-lab/log", 30) == "/home/student/fork-lab/log");
    CHECK(lab::cut("/home/student/fork-lab/log", 13) == "/hom…-lab/log");
    CHECK(lab::cut("/home/student/fork-lab/log", 13, false) == "/ho...lab/log");
    for (std::size_t width = 1; width < 20; ++width) {
      const std::string text = lab::cut("소켓을 여는 프로그램", width);
      CAPTURE(text);
      CHECK(lab::width_of(text) <= width);
      CHECK(lab::width_of(text) + 1 >= width);
      CHECK(lab::harmless(text) == text);
    }
  }
}

TEST_SUITE("pictures") {
  TEST_CASE("the tree, its states and descriptors; what a leaky server's child holds twice") {
    Server server("leaky_server", {.process = {.input = lab::Input::terminal,
                                               .output = lab::Output::terminal,
                                               .errors = lab::Output::terminal}});
    CHECK(contains(text_of(lab::look_at({server.pid()})),
                   "No socket is held by more than one process."));
    Process client = start_client("echo_client", server);
    client.wait_for_line("connected");
    server.wait_for_children(1);
    const pid_t child = server.children().front().pid;
    const long port = server.port();
    await({server.pid()}, with("└─ leaky_server $1  S sleeping", {child}));
    await({server.pid()}, with("leaky_server $1  S sleeping  child of ", {server.pid()}));
    const std::string text = text_of(lab::look_at({server.pid()}));
    CAPTURE(text);
    const long client_port = lab::sockets_of(client.pid()).front().local_port;
    const std::string listens = with("  3  listens on 127.0.0.1:$1 ", {port});
    const std::string connected = with("  4  127.0.0.1:$1 <-> 127.0.0.1:$2 ", {port, client_port});
    const std::string peer = with(" peer echo_client $1\n", {client.pid()});
    const std::regex parent("│  0-2  terminal /dev/pts/\\d+\n│  " + listens +
                            with(" +also held by $1\n│  ", {child}) + connected +
                            with(" +also held by $1;", {child}) + peer);
    const std::regex of_child("\n      0-2  terminal /dev/pts/\\d+\n      " + listens +
                              with(" +also held by $1\n      ", {server.pid()}) + connected +
                              with(" +also held by $1;", {server.pid()}) + peer);
    CHECK(std::regex_search(text, parent));
    CHECK(std::regex_search(text, of_child));
    CHECK(text.ends_with("\n2 processes. 2 sockets are held by more than one process.\n"));
  }

  TEST_CASE("a tidy server's sockets are each held once") {
    Server server("tidy_server");
    Process client = start_client("echo_client", server);
    server.wait_for_children(1);
    await({server.pid()}, "\n2 processes. No socket is held by more than one process.\n");
    CHECK_FALSE(contains(text_of(lab::look_at({server.pid()})), "also held"));
  }

  TEST_CASE("a process outside of the trees that holds the socket is named all the same") {
    Server server("leaky_server");
    Process client = start_client("echo_client", server);
    server.wait_for_children(1);
    const pid_t child = server.children().front().pid;
    await({child}, with("also held by $1; peer echo_client $2", {server.pid(), client.pid()}));
    await({child}, "\n1 process. 2 sockets are held by more than one process.\n");
    // The demo looks at its own processes alone.
    CHECK_FALSE(contains(text_of(lab::look_at({child}, {.everywhere = false})), "also held"));
  }

  TEST_CASE("a zombie and how it ended; a stopped process") {
    Process program(lab::program("zombie"), {.output = lab::Output::terminal});
    program.wait_for_line("press Enter");
    const pid_t child = lab::children_of(program.pid()).front().pid;
    await({program.pid()},
          with("└─ zombie $1  Z zombie  exit status 7, not reaped by its parent $2\n",
               {child, program.pid()}));
    await({program.pid()}, "\n2 processes, 1 zombie. No socket");
    await({child}, with("zombie $1  Z zombie  exit status 7, not reaped by its parent  child of "
                        "zombie $2\n",
                        {child, program.pid()}));
    program.stop();
    await({program.pid()}, with("zombie $1  T stopped", {program.pid()}));
    program.resume();

    const Child killed([] {});
    ::kill(killed.pid(), SIGKILL);
    await({killed.pid()}, "Z zombie  killed by SIGKILL, not reaped");
  }

  TEST_CASE("half-closed by whom, seen from both ends") {
    Server server("leaky_server");
    Process client = start_client("echo_mpclient", server);
    client.wait_for_line("connected");
    client.type("q\n");
    const auto pid = std::to_string(client.pid());
    await({server.pid()}, "CLOSE_WAIT: half-closed by echo_mpclient " + pid + ", not closed here");
    await({client.pid()},
          with("FIN_WAIT_2: half-closed from here, not closed by leaky_server $1", {server.pid()}));
    // Who it is stands there once.
    lab::wait_until("the server's child to be gone", [&] { return server.children().empty(); });
    CHECK_FALSE(contains(text_of(lab::look_at({server.pid()})), "peer"));
  }

  TEST_CASE("bytes and an end of file that nobody has read") {
    Server server("echo_mpserver");
    lab::Connection client = server.connect();
    const pid_t child = server.child_serving(client);
    await({child}, "peer lab-xray-test");
    REQUIRE(::kill(child, SIGSTOP) == 0);
    await({child}, "T stopped");
    client.send("fourteen bytes");
    await({child}, "14 bytes unread; peer lab-xray-test");
    client.half_close();
    await({child}, "CLOSE_WAIT: half-closed by lab-xray-test");
    await({child}, "14 bytes and end of file unread");
    REQUIRE(::kill(child, SIGCONT) == 0);
    CHECK(client.receive_until_eof() == "fourteen bytes");
  }

  TEST_CASE("closed, not half-closed: no process holds the other end") {
    Server server("leaky_server");
    lab::Connection client = server.connect();
    client.exchange("hello\n");
    client.close();
    await({server.pid()}, "CLOSE_WAIT: closed by the peer, not closed here\n");
  }

  TEST_CASE("a name that the kernel has cut is completed") {
    const Folder folder;
    const auto program = folder.path() / "a_server_with_a_long_name";
    std::filesystem::copy_file(lab::program("zombie"), program);
    Process process(program);
    process.wait_for_line("press Enter");
    await({process.pid()}, with("a_server_with_a_long_name $1  S sleeping", {process.pid()}));
  }

  TEST_CASE("a check's picture is short: the root, then what fits, then the sum") {
    Server server("leaky_server");
    std::vector<lab::Connection> clients;
    clients.reserve(5);
    for (int i = 0; i < 5; ++i) {
      clients.push_back(server.connect());
    }
    server.wait_for_children(5);
    const std::string picture = lab::xray_of(server.pid());
    CAPTURE(picture);
    CHECK(std::count(picture.begin(), picture.end(), '\n') == 16);
    CHECK(picture.starts_with(with("leaky_server $1  S", {server.pid()})));
    CHECK(std::regex_search(picture,
                            std::regex("\n\\.\\.\\. \\(\\d+ lines more\\)\n6 processes\\. ")));
    CHECK(lab::xray_of(0) == "0: no such process\n");
  }

  TEST_CASE("an end of file alone") {
    Server server("echo_mpserver");
    lab::Connection client = server.connect();
    const pid_t child = server.child_serving(client);
    REQUIRE(::kill(child, SIGSTOP) == 0);
    await({child}, "T stopped");
    client.half_close();
    await({child}, "not closed here; end of file unread");
    REQUIRE(::kill(child, SIGCONT) == 0);
  }

  TEST_CASE("connections that wait for accept, and whose they are") {
    Server server("echo_server");
    lab::Connection served = server.connect();
    served.exchange("hello\n");
    Process waiting = start_client("echo_client", server);
    await({server.pid()}, with("1 connection waits for accept: echo_client $1\n", {waiting.pid()}));
    await({waiting.pid()}, "peer not accepted yet");
    Process another = start_client("echo_client", server);
    await({server.pid()}, "2 connections wait for accept: echo_client ");
  }

  TEST_CASE("IPv6, and an IPv4 client of an IPv6 socket") {
    std::string address = "::1";
    std::string ours = "::1";
    SUBCASE("IPv6") {}
    SUBCASE("mapped") {
      address = "::";
      ours = "127.0.0.1";
    }
    if (const auto reason = lab::no_ipv6()) {
      MESSAGE("not tested here: " << *reason);
      return;
    }
    Server server("tidy_server", {.address = address});
    lab::Connection client = lab::Connection::to(server.port(), ours);
    const pid_t child = server.child_serving(client);
    await({child}, with("]:$1 <-> [", {static_cast<long>(server.port())}));
    await({child}, "peer lab-xray-test");
  }

  TEST_CASE("pipes by their ends, and other sockets by their kind") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const lab::Fd in(ends[0]);
    const lab::Fd out(ends[1]);
    const lab::Fd unconnected(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const lab::Fd local(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const Child reader([&] { ::close(out.get()); });
    const Child writer([&] { ::close(in.get()); });
    const auto own = lab::descriptors_of(::getpid());
    const auto found = std::find_if(
        own.begin(), own.end(), [&](const auto& descriptor) { return descriptor.fd == in.get(); });
    REQUIRE(found != own.end());
    const std::string pipe = "pipe " + std::to_string(found->inode);
    lab::wait_until("each to hold one end", [&] {
      return !contains(text_of(lab::look_at({reader.pid()})), "write end of " + pipe) &&
             !contains(text_of(lab::look_at({writer.pid()})), "read end of " + pipe);
    });
    const std::string text = text_of(lab::look_at({reader.pid()}));
    CAPTURE(text);
    CHECK(std::regex_search(
        text, std::regex("written by lab-xray-test [0-9, ]*" + std::to_string(writer.pid()))));
    CHECK(contains(text, std::to_string(unconnected.get()) + "  TCP socket, not connected"));
    CHECK(
        std::regex_search(text, std::regex(std::to_string(local.get()) + "  UNIX.* socket \\d+")));
  }

  TEST_CASE("processes that are born and die while it looks") {
    // Never more than a few at a time: one generation is reaped before the next is born.
    const Child storm([] {
      while (true) {
        for (int i = 0; i < 3; ++i) {
          if (::fork() == 0) {
            std::array<int, 2> ends{};
            if (::fork() == 0 && ::pipe(ends.data()) == 0) {
              ::_exit(0);
            }
            ::wait(nullptr);
            ::_exit(0);
          }
        }
        while (::wait(nullptr) > 0) {
        }
      }
    });
    // Each time that the storm waits for a child, it gives the processor up: so many have been born
    // and died while we looked.
    const auto waits = [&] {
      const auto use = lab::cpu_use(storm.pid());
      return use ? use->switches : 0;
    };
    const auto before = waits();
    const lab::Deadline deadline(lab::patience);
    for (int i = 0; (i < 50 || waits() < before + 100) && !deadline.passed(); ++i) {
      const lab::Snapshot snapshot = lab::look_at({storm.pid()});
      REQUIRE_FALSE(snapshot.members.empty());
      for (const lab::Part& part : lab::xray(snapshot, {}, 60)) {
        for (const lab::Line& line : part.lines) {
          REQUIRE(lab::width_of(lab::text_of(line, {.colour = false})) <= 60);
        }
      }
      REQUIRE_FALSE(lab::svg_of(snapshot).empty());
    }
    CHECK(waits() >= before + 100); // or there was no race
  }
}

/// The attribute of an SVG element.
double number_in(const std::string& element, const std::string& name) {
  std::smatch match;
  REQUIRE_MESSAGE(std::regex_search(element, match, std::regex(" " + name + "=\"([-0-9.]+)\"")),
                  name, " in ", element);
  return std::stod(match[1]);
}

/// A polygon's bounding box, as an element.
std::string box_around(const std::string& polygon) {
  std::vector<double> x;
  std::vector<double> y;
  const std::regex point("([-0-9.]+),([-0-9.]+)");
  for (std::sregex_iterator match(polygon.begin(), polygon.end(), point), end; match != end;
       ++match) {
    x.push_back(std::stod((*match)[1]));
    y.push_back(std::stod((*match)[2]));
  }
  REQUIRE(x.size() == 8);
  const auto [left, right] = std::minmax_element(x.begin(), x.end());
  const auto [top, bottom] = std::minmax_element(y.begin(), y.end());
  return "<box x=\"" + std::to_string(*left) + "\" y=\"" + std::to_string(*top) + "\" width=\"" +
         std::to_string(*right - *left) + "\" height=\"" + std::to_string(*bottom - *top) + "\"/>";
}

/// Every end tag is that of the last begin tag, and every `&` begins an entity.
void check_well_formed(const std::string& svg) {
  std::vector<std::string> open;
  const std::regex tag("<(/?)([a-z]+)[^<>]*?(/?)>");
  std::string text;
  auto from = svg.cbegin();
  for (std::sregex_iterator match(svg.begin(), svg.end(), tag), end; match != end; ++match) {
    text.append(from, (*match)[0].first);
    from = (*match)[0].second;
    if (!(*match)[1].str().empty()) {
      REQUIRE_FALSE(open.empty());
      REQUIRE(open.back() == (*match)[2]);
      open.pop_back();
    } else if ((*match)[3].str().empty()) {
      open.push_back((*match)[2]);
    }
  }
  CHECK(open.empty());
  CHECK_FALSE(contains(text, "<"));
  CHECK_FALSE(contains(text, ">"));
  CHECK_FALSE(std::regex_search(svg, std::regex("&(?!(amp|lt|gt|quot|#39);)")));
}

TEST_SUITE("drawings") {
  TEST_CASE("well-formed, self-contained, and no text leaves its box") {
    const Folder folder;
    const auto file = folder.path() / "<&\"> a rather long name that has to be cut.txt";
    std::ofstream(file) << "x";
    Server server("leaky_server");
    Process client = start_client("echo_mpclient", server);
    client.wait_for_line("connected");
    server.wait_for_children(1);
    const Child holder([&] { ::open(file.c_str(), O_RDONLY); });
    const Child ended([] { ::_exit(3); });
    await({ended.pid()}, "exit status 3");
    const lab::Snapshot snapshot =
        lab::look_at({server.pid(), client.pid(), holder.pid(), ended.pid()});
    const std::string svg = lab::svg_of(snapshot);
    CAPTURE(svg);
    check_well_formed(svg);
    CHECK(contains(svg, "<title id=\"title\">Who holds what: leaky_server"));
    CHECK(contains(svg, "sockets are held by more than one process.</desc>"));
    CHECK(contains(svg, "stroke-dasharray=\"7 6\""));
    CHECK(contains(svg, ">Z</text>"));
    CHECK(contains(svg, ">exit status 3</text>"));
    CHECK(contains(svg, ">held by 2 processes</text>"));
    CHECK_FALSE(contains(svg, "href"));
    CHECK_FALSE(contains(svg, "url("));

    // The widest of the fonts take so much of their size for a character, on the average.
    const auto of_size = [](const std::string& tag) {
      return contains(tag, "\"mono\"") ? 0.602 : contains(tag, "font-weight") ? 0.69 : 0.62;
    };
    const double width = number_in(svg, "width");
    const double height = number_in(svg, "height");
    std::string box;
    int texts = 0;
    const std::regex element("<(rect|polygon|text) [^>]*>([^<]*)");
    for (std::sregex_iterator match(svg.begin(), svg.end(), element), end; match != end; ++match) {
      const std::string tag = match->str();
      if ((*match)[1] == "polygon") {
        box = box_around(tag);
        continue;
      }
      if ((*match)[1] == "rect") {
        box = tag;
        if (contains(box, " x=")) {
          CHECK(number_in(box, "x") + number_in(box, "width") <= width);
          CHECK(number_in(box, "y") + number_in(box, "height") <= height);
        }
        continue;
      }
      ++texts;
      const std::string text =
          std::regex_replace((*match)[2].str(), std::regex("&[a-z#0-9]+;"), "&");
      const double length =
          static_cast<double>(lab::width_of(text)) * of_size(tag) * number_in(tag, "font-size");
      const double x = number_in(tag, "x");
      const double start = contains(tag, "\"end\"")      ? x - length
                           : contains(tag, "\"middle\"") ? x - length / 2
                                                         : x;
      CAPTURE(tag);
      CAPTURE(box);
      CHECK(start >= number_in(box, "x"));
      CHECK(start + length <= number_in(box, "x") + number_in(box, "width"));
      CHECK(number_in(tag, "y") <= number_in(box, "y") + number_in(box, "height"));
    }
    CHECK(texts > 20);
  }
}

TEST_SUITE("lab-xray") {
  TEST_CASE("without arguments it finds the servers of this build") {
    Server server("leaky_server");
    Process client = start_client("echo_client", server);
    server.wait_for_children(1);
    const Ran ran = run_xray({});
    CAPTURE(ran.out);
    CHECK(ran.exit.success());
    CHECK(contains(ran.out, with("\nleaky_server $1  ", {server.pid()})) !=
          ran.out.starts_with(with("leaky_server $1  ", {server.pid()})));
    // Its child listens too, and stands below it alone.
    const std::string child = with("leaky_server $1  ", {server.children().front().pid});
    CHECK(contains(ran.out, "└─ " + child));
    CHECK(ran.out.find(child) == ran.out.rfind(child));
    CHECK_FALSE(contains(ran.out, "\necho_client"));
  }

  TEST_CASE("no server, no process, wrong words: a line that says so, and the exit status") {
    const Folder folder;
    std::filesystem::copy_file(lab::program("lab-xray"), folder.path() / "lab-xray");
    Process alone(folder.path() / "lab-xray", options_for({}));
    CHECK(alone.wait().text() == "exit status 1");
    CHECK(contains(alone.err(), "lab-xray: no server of the lab is running (no program below "));

    pid_t gone = 0;
    {
      const Child child([] {});
      gone = child.pid();
    }
    const Ran none = run_xray({std::to_string(gone)});
    CHECK(none.exit.text() == "exit status 1");
    CHECK(none.err == with("lab-xray: there is no process $1\n", {gone}));
    const Ran some = run_xray({std::to_string(gone), std::to_string(::getpid())});
    CHECK(some.exit.text() == "exit status 1");
    CHECK(contains(some.out, "lab-xray-test"));

    for (const auto& [words, reason] :
         std::vector<std::pair<std::vector<std::string>, std::string>>{
             {{"abc"}, "'abc' is not a process id"},
             {{"12x"}, "'12x' is not a process id"},
             {{"0"}, "'0' is not a process id"},
             {{"99999999999"}, "'99999999999' is not a process id"},
             {{"-7"}, "there is no option '-7'"},
             {{"--svg"}, "--svg needs the name of a file"},
             {{"--watch", "--svg", "x.svg", "1"}, "--watch and --svg do not go together"}}) {
      const Ran wrong = run_xray(words);
      CHECK(wrong.exit.text() == "exit status 2");
      CHECK(wrong.out.empty());
      CHECK(wrong.err ==
            "lab-xray: " + reason + "\nusage: lab-xray [--watch | --svg FILE] [PID...]\n");
    }
    const Ran help = run_xray({"--help"});
    CHECK(help.exit.success());
    CHECK(help.out.starts_with("usage: lab-xray"));
    for (const std::string& line : help.lines) {
      CHECK(lab::width_of(line) <= 90);
    }
  }

  TEST_CASE("no line is wider than the terminal, whatever its width") {
    const Folder folder;
    const auto file = folder.path() / std::string(250, 'x');
    std::ofstream(file) << "x";
    Server server("leaky_server", {.address = lab::no_ipv6() ? "127.0.0.1" : "::1"});
    Process client = start_client("echo_mpclient", server);
    client.wait_for_line("connected");
    const Child holder([&] { ::open(file.c_str(), O_RDONLY); });
    await({holder.pid()}, "엑스레이");
    for (const int width : {20, 30, 41, 60, 80, 100, 132, 250}) {
      CAPTURE(width);
      const Ran ran = run_xray({std::to_string(server.pid()), std::to_string(client.pid()),
                                std::to_string(holder.pid())},
                               {{"COLUMNS", std::to_string(width)}});
      CHECK(ran.exit.success());
      CHECK(ran.lines.size() > 10);
      std::size_t widest = 0;
      for (const std::string& line : ran.lines) {
        CAPTURE(line);
        widest = std::max(widest, lab::width_of(line));
        CHECK(lab::width_of(line) <= static_cast<std::size_t>(width));
        CHECK_FALSE(line.ends_with(' '));
        CHECK(lab::harmless(line) == line);
      }
      CHECK(widest > static_cast<std::size_t>(width) * 3 / 4);
    }
  }

  TEST_CASE("colours on a terminal: a zombie red, a socket held twice yellow; NO_COLOR; a log") {
    Server server("leaky_server");
    Process client = start_client("echo_client", server);
    server.wait_for_children(1);
    const Child ended([] { ::_exit(0); });
    await({ended.pid()}, "Z zombie");
    await({server.pid()}, "2 sockets are held");
    const std::vector<std::string> pids{std::to_string(server.pid()), std::to_string(ended.pid())};
    const Ran coloured = run_xray(pids, {}, lab::Output::terminal);
    CHECK(contains(coloured.out, "\x1b[1;31mZ zombie\x1b[0m"));
    CHECK(contains(coloured.out, "\x1b[33malso held by "));
    const Ran no_color = run_xray(pids, {{"NO_COLOR", "1"}}, lab::Output::terminal);
    CHECK(contains(no_color.out, "Z zombie"));
    CHECK_FALSE(contains(no_color.out, "\x1b"));
    CHECK_FALSE(contains(run_xray(pids, {{"TERM", "dumb"}}, lab::Output::terminal).out, "\x1b"));
    CHECK_FALSE(contains(run_xray(pids).out, "\x1b"));
    const Ran ascii = run_xray({std::to_string(server.pid())}, {{"LC_ALL", "ko_KR.EUC-KR"}});
    CHECK(contains(ascii.out, "`- leaky_server"));
    CHECK(
        std::all_of(ascii.out.begin(), ascii.out.end(), [](signed char byte) { return byte > 0; }));
  }

  TEST_CASE("--svg writes a file, or says why not") {
    const Folder folder;
    const std::string file = folder.path() / "picture.svg";
    const Child child([] {});
    await({child.pid()}, "S sleeping"); // so that two pictures of it are the same
    const Ran ran = run_xray({"--svg", file, std::to_string(child.pid())});
    CHECK(ran.exit.success());
    CHECK(ran.out.empty());
    std::ifstream in(file);
    const std::string svg(std::istreambuf_iterator<char>(in), {});
    check_well_formed(svg);
    CHECK(contains(svg, ">lab-xray-test</text>"));
    CHECK(contains(svg, with(">$1</text>", {child.pid()})));
    CHECK(run_xray({"--svg", "-", std::to_string(child.pid())}).out == svg);
    const std::string nowhere = folder.path() / "nowhere" / "picture.svg";
    const Ran failed = run_xray({"--svg", nowhere, std::to_string(child.pid())});
    CHECK(failed.exit.text() == "exit status 1");
    CHECK(failed.err == "lab-xray: " + nowhere + ": No such file or directory\n");
  }

  TEST_CASE("what another user's process hides is said") {
    if (::geteuid() != 0) {
      MESSAGE("skipped: only root can become another user");
      return;
    }
    const Folder folder; // a build folder need not be open to everybody
    std::filesystem::copy_file(lab::program("lab-xray"), folder.path() / "lab-xray");
    Server server("leaky_server");
    Process client = start_client("echo_client", server);
    const Child ended([] { ::_exit(3); });
    await({ended.pid()}, "exit status 3");
    lab::ProcessOptions options = options_for(
        {std::to_string(server.pid()), std::to_string(ended.pid())}, {{"COLUMNS", "200"}});
    options.user = 65534;
    Process xray(folder.path() / "lab-xray", options);
    CHECK(xray.wait().success());
    const std::string out = xray.out();
    CAPTURE(out);
    CHECK(contains(out, "?  the kernel does not show us its descriptors"));
    CHECK(contains(out, "Z zombie  how it ended we may not see, not reaped by its parent"));
    CHECK_FALSE(contains(out, "exit status"));
  }
}

/// lab-xray --watch at a terminal of its own.
class Watching {
public:
  explicit Watching(const std::vector<std::string>& pids, const std::string& no_color = "1")
      : xray_([&] {
          lab::ProcessOptions options = options_for(
              {"--watch"}, {{"NO_COLOR", no_color}, {"COLUMNS", "100"}}, lab::Output::terminal);
          options.arguments.insert(options.arguments.end(), pids.begin(), pids.end());
          options.input = lab::Input::terminal;
          options.errors = lab::Output::terminal;
          return start_xray(std::move(options));
        }()) {}

  Process& process() { return xray_; }

  /// What has been drawn last.
  std::string screen() {
    const std::string out = xray_.out();
    const auto at = out.rfind("\x1b[H");
    return at == std::string::npos ? std::string() : out.substr(at);
  }

  void await(const std::string& text) {
    lab::wait_until(
        "'" + text + "' on the screen", [&] { return contains(screen(), text); },
        [&] { return lab::shown(xray_.out()); });
  }

  /// How often it has drawn.
  std::size_t drawn() {
    const std::string out = xray_.out();
    std::size_t count = 0;
    for (auto at = out.find("\x1b[H"); at != std::string::npos; at = out.find("\x1b[H", at + 1)) {
      ++count;
    }
    return count;
  }

private:
  Process xray_;
};

TEST_SUITE("--watch") {
  TEST_CASE("draws in place when something changes, marks what is new, and says what is gone") {
    Server server("tidy_server");
    Watching watching({std::to_string(server.pid())});
    watching.await(with("  tidy_server $1  S sleeping", {server.pid()}));
    CHECK_FALSE(contains(watching.screen(), "\n+"));
    {
      Process client = start_client("echo_client", server);
      server.wait_for_children(1);
      const pid_t child = server.children().front().pid;
      watching.await(with("+ └─ tidy_server $1  S sleeping", {child}));
      // The marks stay for three seconds: some fifteen looks, of which none but the last changes
      // anything, the state of a process that happens to run aside.
      const std::size_t before = watching.drawn();
      lab::wait_until("a picture without marks", [&] {
        const std::string screen = watching.screen();
        return !contains(screen, "\n+ ") && !contains(screen, "\n~ ");
      });
      CHECK(watching.drawn() <= before + 6);
      client.close_input();
      client.wait();
      watching.await(with("- tidy_server $1 is gone", {child}));
    }
    CHECK(contains(watching.process().out(), "\x1b[?1049h"));
    CHECK(watching.process().type("q"));
    CHECK(watching.process().wait().success());
    // The alternate screen is left, the cursor is back, and the last picture stays.
    const std::string out = watching.process().out();
    const auto left = out.find("\x1b[?25h\x1b[?1049l");
    REQUIRE(left != std::string::npos);
    CHECK(contains(out.substr(left), with("tidy_server $1  ", {server.pid()})));
  }

  TEST_CASE("ends when nothing is left to watch, and says so") {
    auto child = std::make_unique<Child>([] {});
    Watching watching({std::to_string(child->pid())});
    watching.await("lab-xray-test");
    // A terminal that has been resized is drawn anew.
    const std::size_t before = watching.drawn();
    watching.process().signal(SIGWINCH);
    lab::wait_until("another picture", [&] { return watching.drawn() > before; });
    child.reset();
    CHECK(watching.process().wait().success());
    CHECK(watching.process().out().ends_with("lab-xray: no process is left to watch\n"));
  }

  TEST_CASE("Ctrl-C, SIGTERM and SIGHUP end it, and the terminal is as it was") {
    const Child child([] {});
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
      CAPTURE(signal);
      Watching watching({std::to_string(child.pid())});
      watching.await("lab-xray-test");
      if (signal == SIGINT) {
        watching.process().type("\x03");
      } else {
        watching.process().signal(signal);
      }
      CHECK(watching.process().wait().success());
      CHECK(contains(watching.process().out(), "\x1b[?25h\x1b[?1049l"));
    }
  }

  TEST_CASE("without a terminal it writes one picture after the other") {
    Server server("tidy_server");
    Process xray = start_xray(options_for({"--watch", std::to_string(server.pid())}));
    xray.wait_for_line(with("  tidy_server $1", {server.pid()}));
    lab::Connection client = server.connect();
    xray.wait_for_line("+ └─ tidy_server ");
    CHECK_FALSE(contains(xray.out(), "\x1b"));
    xray.signal(SIGTERM);
    CHECK(xray.wait().success());
  }
}

} // namespace

int main(int argc, char** argv) {
  lab::guard_descendants();
  return doctest::Context(argc, argv).run();
}
