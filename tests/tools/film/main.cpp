// lab-film [--out FILE.html] [--still N[,N...] | --beside FILE.html] COMMAND [and COMMAND ...]
//
// Records a run, and writes one page that shows it in time: processes, signals, sockets. README.md
// says what is on the page.

#include "harness/failure.hpp"
#include "harness/fd.hpp"
#include "harness/guard.hpp"
#include "tools/film/film.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace {

constexpr std::string_view usage_line =
    "usage: lab-film [--out FILE.html] [--children] [--still N[,N...] | "
    "--beside FILE.html] COMMAND [and COMMAND ...]\n";

constexpr std::string_view help =
    "\n"
    "Runs the programs, each when the one before it waits, and writes a page that shows what\n"
    "happened when: a lane for each process, arrows for signals, a strip for each process that\n"
    "holds a socket. The page opens in any browser, without a network. What you type goes to\n"
    "the last program.\n"
    "\n"
    "  --out FILE     writes there; without it, film.html (with --still: film.svg)\n"
    "  --children     shows not COMMAND itself, but what it starts: a script, or lab-demo\n"
    "  --still N      instead of the page, a drawing of the moment of event N; of several events,\n"
    "                 N,N,N: the lanes in time\n"
    "  --beside FILE  puts the film of that page and this one on one page, side by side, and\n"
    "                 marks where they part\n"
    "\n"
    "The film ends when all programs have ended. When your input ends, so does the input of the\n"
    "programs, from the last to the first. A program that then does nothing for a second, and a\n"
    "server, gets SIGTERM. Ctrl-C does the same at once.\n"
    "Exit status: 0; 1 when a program cannot be filmed; 2 for wrong arguments.\n";

struct Arguments {
  bool help = false;
  std::string out{};
  std::string beside{};
  bool children = false;
  std::vector<std::size_t> still{};
  std::vector<std::vector<std::string>> commands{};
};

/// `17` or `3,17,40`. False if it is anything else.
bool numbers_of(std::string_view text, std::vector<std::size_t>& numbers) {
  while (true) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number == 0) {
      return false;
    }
    numbers.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty()) {
      return true;
    }
    if (text.front() != ',') {
      return false;
    }
    text.remove_prefix(1);
  }
}

/// Nothing, after a line on standard error that says why.
std::optional<Arguments> arguments_of(const std::vector<std::string>& words) {
  const auto refuse = [](const std::string& why) {
    std::cerr << "lab-film: " + why + "\n" + std::string(usage_line);
    return std::nullopt;
  };
  Arguments arguments;
  std::size_t i = 0;
  for (; i < words.size() && words[i].starts_with("-"); ++i) {
    const std::string& word = words[i];
    if (word == "--help" || word == "-h") {
      arguments.help = true;
      return arguments;
    }
    if (word == "--children") {
      arguments.children = true;
      continue;
    }
    if (word != "--out" && word != "--beside" && word != "--still") {
      return refuse("there is no option '" + word + "'");
    }
    if (++i == words.size() || words[i].empty()) {
      return refuse(word + " needs " + (word == "--still" ? "a number" : "the name of a file"));
    }
    const std::string& value = words[i];
    if (word == "--still") {
      if (!numbers_of(value, arguments.still)) {
        return refuse("'" + value + "' is not the number of an event, or numbers with commas");
      }
    } else {
      (word == "--out" ? arguments.out : arguments.beside) = value;
    }
  }
  if (!arguments.still.empty() && !arguments.beside.empty()) {
    return refuse("--still and --beside do not go together");
  }
  arguments.commands.emplace_back();
  for (; i < words.size(); ++i) {
    if (words[i] == "and") {
      arguments.commands.emplace_back();
    } else {
      arguments.commands.back().push_back(words[i]);
    }
  }
  for (const auto& command : arguments.commands) {
    if (command.empty()) {
      return refuse("there is no command");
    }
  }
  if (arguments.out.empty()) {
    arguments.out = arguments.still.empty() ? "film.html" : "film.svg";
  }
  return arguments;
}

std::string read_file(const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in) {
    throw std::runtime_error(name + ": cannot be read");
  }
  return text;
}

void write_file(const std::string& name, const std::string& text) {
  std::ofstream out(name, std::ios::binary);
  out << text;
  out.close();
  if (!out) {
    throw std::runtime_error(name + ": cannot be written");
  }
}

volatile std::sig_atomic_t asked = 0;

void ask(int /*signal*/) {
  asked = 1;
}

int run(const Arguments& arguments) {
  const std::string former =
      arguments.beside.empty() ? "" : read_file(arguments.beside); // before anything runs

  struct sigaction action {};

  action.sa_handler = ask; // NOLINT(cppcoreguidelines-pro-type-union-access)
  for (const int signal : {SIGINT, SIGTERM}) {
    lab::or_throw(sigaction(signal, &action, nullptr), "sigaction");
  }
  const lab::film::Recording recording =
      lab::film::record({.commands = arguments.commands,
                         .show = [](std::string_view text) { std::cout << text << std::flush; },
                         .input = STDIN_FILENO,
                         .children = arguments.children,
                         .asked_to_end = [] { return asked != 0; }});
  const lab::film::Film film = lab::film::film_of(recording);
  write_file(arguments.out, arguments.still.size() > 1 ? lab::film::strip_of(film, arguments.still)
                            : !arguments.still.empty()
                                ? lab::film::still_of(film, arguments.still.front())
                            : !arguments.beside.empty() ? lab::film::page_beside(former, recording)
                                                        : lab::film::page_of(recording));
  std::cout << "lab-film: " << arguments.out << ": " << film.processes.size() << " processes, "
            << film.bands.size() << " sockets, " << film.events.size() << " events\n";
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  try {
    lab::guard_descendants();
    const auto arguments = arguments_of({argv + std::min(argc, 1), argv + argc});
    if (!arguments) {
      return 2;
    }
    if (arguments->help) {
      std::cout << usage_line << help;
      return 0;
    }
    return run(*arguments);
  } catch (const std::exception& error) {
    std::cerr << "lab-film: " << error.what() << '\n';
    return 1;
  }
}
