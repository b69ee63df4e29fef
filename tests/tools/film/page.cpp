#include "tools/drawing/canvas.hpp"
#include "tools/film/film.hpp"
#include "tools/film/page_parts.hpp"
#include "tools/text/json.hpp"
#include "tools/text/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <sys/random.h>

namespace lab::film {

namespace {

constexpr std::size_t most_bytes = std::size_t{2} << 20;
constexpr std::size_t least_group = 4;

std::string_view name_of(What what) {
  constexpr std::array<std::string_view, 10> names = {
      "start", "fork", "end", "reap", "signal", "handler", "wait", "socket", "bytes", "other"};
  return names.at(static_cast<std::size_t>(what));
}

/// Text from programs, as JSON that cannot end the element that it stands in.
std::string in_script(std::string_view text, bool lines = false) {
  std::string result;
  for (const char character : json(lines ? printable(text) : printable_line(text))) {
    switch (character) {
    case '<':
      result += "\\u003c";
      break;
    case '>':
      result += "\\u003e";
      break;
    case '&':
      result += "\\u0026";
      break;
    default:
      result += character;
    }
  }
  return result;
}

/// `[A,B]`.
template <typename List, typename Text>
std::string list_of(const List& list, Text text) {
  std::string result = "[";
  for (const auto& element : list) {
    result += (result.size() == 1 ? "" : ",") + text(element);
  }
  return result + "]";
}

std::string numbers(std::initializer_list<int> list) {
  return list_of(list, [](int number) { return std::to_string(number); });
}

/// Children of one parent that did the same, if they are many.
std::vector<std::vector<int>> groups_of(const Film& film) {
  std::map<int, int> children;
  for (const FilmProcess& process : film.processes) {
    ++children[process.parent];
  }
  std::map<std::pair<int, std::string>, std::vector<int>> alike;
  for (std::size_t i = 0; i < film.processes.size(); ++i) {
    const FilmProcess& process = film.processes[i];
    if (process.parent != none && !children.contains(static_cast<int>(i))) {
      alike[{process.parent, process.story}].push_back(static_cast<int>(i));
    }
  }
  std::vector<std::vector<int>> groups;
  for (auto& [story, members] : alike) {
    if (members.size() >= least_group) {
      groups.push_back(std::move(members));
    }
  }
  return groups;
}

std::string data_of(const Film& film) {
  const auto groups = groups_of(film);
  std::map<int, std::size_t> group_of;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (const int member : groups[i]) {
      group_of[member] = i;
    }
  }
  int index = 0;
  const auto texts = [](const std::string& text) { return in_script(text); };
  return "{\"head\":" + in_script(film.head, true) + (film.failed ? ",\"failed\":true" : "") +
         ",\"commands\":" + list_of(film.commands, texts) +
         ",\"notes\":" + list_of(film.notes, texts) + ",\"groups\":" +
         list_of(groups,
                 [](const std::vector<int>& members) {
                   return list_of(members, [](int member) { return std::to_string(member); });
                 }) +
         ",\n\"processes\":" +
         list_of(film.processes,
                 [&](const FilmProcess& process) {
                   const auto group = group_of.find(index++);
                   return "\n{\"pid\":" + std::to_string(process.pid) +
                          ",\"parent\":" + std::to_string(process.parent) +
                          ",\"name\":" + in_script(process.name) +
                          ",\"end\":" + in_script(process.end) +
                          ",\"ended\":" + std::to_string(process.ended) +
                          ",\"reaped\":" + std::to_string(process.reaped) +
                          ",\"orphaned\":" + std::to_string(process.orphaned) + ",\"group\":" +
                          (group == group_of.end() ? "-1" : std::to_string(group->second)) +
                          ",\"stretches\":" +
                          list_of(process.stretches,
                                  [](const Stretch& stretch) {
                                    return "[" + std::to_string(stretch.event) + "," +
                                           std::to_string(static_cast<int>(stretch.state)) + "," +
                                           in_script(stretch.what) + "]";
                                  }) +
                          "}";
                 }) +
         ",\n\"bands\":" +
         list_of(film.bands,
                 [&](const Band& band) {
                   return "\n{\"label\":" + in_script(band.label) +
                          ",\"listens\":" + (band.listens ? "true" : "false") +
                          ",\"peer\":" + std::to_string(band.peer) + ",\"holds\":" +
                          list_of(band.holds,
                                  [](const Hold& hold) {
                                    return numbers({hold.process, hold.fd, hold.from, hold.to});
                                  }) +
                          ",\"marks\":" +
                          list_of(band.marks,
                                  [](const Mark& mark) {
                                    return "[" + std::to_string(mark.event) + "," +
                                           in_script(mark.what) + "]";
                                  }) +
                          "}";
                 }) +
         ",\n\"events\":" +
         list_of(film.events,
                 [](const FilmEvent& event) {
                   return "\n[" + fixed(event.time, 3) + "," + std::to_string(event.process) +
                          ",\"" + std::string(name_of(event.what)) + "\"," +
                          in_script(event.sentence) + "," + in_script(event.man) + "," +
                          std::to_string(event.band) + "," + std::to_string(event.to) + "," +
                          list_of(event.from,
                                  [](const Arrow& arrow) {
                                    return numbers({arrow.process, arrow.event});
                                  }) +
                          "]";
                 }) +
         "}";
}

/// Only what carries this page's nonce may run: nobody can know it before.
std::string new_nonce() {
  std::array<unsigned char, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::runtime_error("getrandom");
  }
  std::string text;
  for (const unsigned char byte : bytes) {
    std::array<char, 3> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x", byte);
    text += digits.data();
  }
  return text;
}

std::string colours(const char* drawing::Colour::*which) {
  std::string text;
  for (const auto& [name, colour] :
       {std::pair{"ink", drawing::ink}, std::pair{"soft", drawing::soft},
        std::pair{"paper", drawing::paper}, std::pair{"rule", drawing::rule},
        std::pair{"process-fill", drawing::process_fill},
        std::pair{"process-stroke", drawing::process_stroke},
        std::pair{"socket-stroke", drawing::socket_stroke},
        std::pair{"held-twice", drawing::held_twice},
        std::pair{"kernel-fill", drawing::kernel_fill},
        std::pair{"zombie-fill", drawing::zombie_fill},
        std::pair{"zombie-stroke", drawing::zombie_stroke}}) {
    text += std::string("--") + name + ":" + colour.*which + ";";
  }
  return text;
}

std::string page_with(const std::vector<std::string>& films, const std::string& title) {
  const std::string nonce = new_nonce();
  std::string page =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src "
      "'nonce-" +
      nonce + "'; style-src 'nonce-" + nonce +
      "'; style-src-attr 'none'; base-uri 'none'; "
      "form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<title>The film of " +
      html(title) + "</title>\n<style nonce=\"" + nonce + "\">\n:root{" +
      colours(&drawing::Colour::light) +
      "color-scheme:light}\n@media screen and "
      "(prefers-color-scheme:dark){:root{" +
      colours(&drawing::Colour::dark) + "color-scheme:dark}}\n" + std::string(page_css) +
      "</style>\n</head>\n<body>\n" + std::string(page_html);
  for (const std::string& film : films) {
    page += R"(<script type="application/json" class="film">)" + film + "</script>\n";
  }
  return page + "<script nonce=\"" + nonce + "\">\n" + std::string(page_js) +
         "</script>\n</body>\n</html>\n";
}

} // namespace

std::string page_of(const Film& film) {
  return page_with({data_of(film)}, film.commands.empty() ? "a run" : film.commands.front());
}

std::string page_of(const Recording& recording) {
  Limits limits;
  while (true) {
    std::string page = page_of(film_of(recording, limits));
    if (page.size() <= most_bytes || limits.events < 100) {
      return page;
    }
    limits.events = limits.events * 3 / 4;
    limits.processes = std::max<std::size_t>(limits.processes * 3 / 4, 50);
  }
}

std::string page_beside(const std::string& page, const Recording& recording) {
  constexpr std::string_view begin = R"(<script type="application/json" class="film">)";
  const std::size_t at = page.find(begin);
  const std::size_t end = at == std::string::npos ? at : page.find("</script>", at);
  if (end == std::string::npos) {
    throw std::runtime_error("this is no film");
  }
  const std::string other = page.substr(at + begin.size(), end - at - begin.size());
  Json::parse(other); // throws if it is anything else
  if (other.find('<') != std::string::npos) {
    throw std::runtime_error("this is no film");
  }
  const Film film = film_of(recording);
  return page_with({other, data_of(film)}, "two runs");
}

} // namespace lab::film
