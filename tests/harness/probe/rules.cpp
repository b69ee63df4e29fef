#include "harness/probe/rules.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace lab::probe {

namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Group::count)> group_names{
    "accept", "bind", "close",    "connect",   "dup",    "fork", "listen", "pipe",
    "poll",   "read", "shutdown", "sigaction", "socket", "wait", "write"};

// Other names for them: the functions that they stand for.
constexpr std::array<std::pair<std::string_view, Group>, 11> other_names{
    {{"accept4", Group::accept},
     {"recv", Group::read},
     {"send", Group::write},
     {"select", Group::poll},
     {"ppoll", Group::poll},
     {"epoll_wait", Group::poll},
     {"signal", Group::sigaction},
     {"vfork", Group::fork},
     {"wait4", Group::wait},
     {"waitid", Group::wait},
     {"waitpid", Group::wait}}};

constexpr int last_error = 133;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(end + 1);
  }
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \n\t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \n\t") - first + 1);
}

template <typename Number = std::uint32_t>
std::optional<Number> number(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0) {
    return std::nullopt;
  }
  return value;
}

int error_named(std::string_view name) {
  for (int error = 1; error <= last_error; ++error) {
    const char* const known = strerrorname_np(error);
    if (known != nullptr && known == name) {
      return error;
    }
  }
  return 0;
}

[[noreturn]] void refuse(std::string_view rule, const std::string& reason) {
  throw std::invalid_argument("rule '" + std::string(rule) + "': " + reason);
}

// `3`, `1-20`, `5-`, `*`, `every3`
bool parse_turn(std::string_view text, Rule& rule) {
  constexpr std::string_view every = "every";
  if (text == "*") {
    return true;
  }
  if (text.starts_with(every)) {
    const auto step = number(text.substr(every.size()));
    rule.every = step.value_or(1);
    return step.has_value();
  }
  const std::size_t dash = text.find('-');
  const auto first = number(text.substr(0, dash));
  rule.first = first.value_or(1);
  if (dash == std::string_view::npos) {
    rule.last = rule.first;
    return first.has_value();
  }
  if (dash + 1 == text.size()) {
    return first.has_value();
  }
  const auto last = number(text.substr(dash + 1));
  rule.last = last.value_or(0);
  return first && last && *first <= *last;
}

bool parse_word(std::string_view word, Rule& rule) {
  if (word == "socket") {
    rule.descriptor = Descriptor::socket;
  } else if (word == "pipe") {
    rule.descriptor = Descriptor::pipe;
  } else if (word == "parent") {
    rule.role = Role::parent;
  } else if (word == "children") {
    rule.role = Role::children;
  } else if (word == "process") {
    rule.per_process = true;
  } else {
    return false;
  }
  return true;
}

void parse_fault(std::string_view text, std::string_view fault, Rule& rule) {
  if (fault == "interrupt") {
    rule.error = EINTR;
    rule.only_if_real = true;
    return;
  }
  if (fault == "stop") {
    rule.stop = true;
    return;
  }
  if (fault == "then-stop") {
    if (rule.group != Group::fork) {
      refuse(text, "only fork can be followed by a stop");
    }
    rule.then_stop = true;
    return;
  }
  rule.error = error_named(fault);
  if (rule.error == 0) {
    refuse(text, "no error is called '" + std::string(fault) + "'");
  }
}

// CALL[:WORD...]:TURN=ERROR, CALL[:WORD...]:TURN:short=BYTES, or the same with `pretend`
void parse_rule(std::string_view text, Rule& rule) {
  auto fields = split(text, ':');
  for (auto& field : fields) {
    field = trim(field);
  }
  if (fields.size() < 2) {
    refuse(text, "not CALL:WHEN=ERROR, such as accept:2=EMFILE");
  }
  try {
    rule.group = group_named(fields.front());
  } catch (const std::invalid_argument& unknown) {
    refuse(text, unknown.what());
  }
  rule.first = 1;
  rule.every = 1;

  std::string_view turn = fields.back();
  fields.pop_back();
  rule.pretend = turn.starts_with("pretend=");
  if (rule.pretend || turn.starts_with("short=")) {
    const std::string word(turn.substr(0, turn.find('=')));
    if (rule.group != Group::read && rule.group != Group::write) {
      refuse(text, "only read and write can be " + word + "=BYTES");
    }
    rule.most = number<std::uint64_t>(turn.substr(word.size() + 1)).value_or(0);
    if (rule.most == 0 || fields.size() < 2) {
      refuse(text, "not CALL:WHEN:" + word + "=BYTES, such as write:*:" + word + "=7");
    }
    rule.descriptor = Descriptor::socket;
    turn = fields.back();
    fields.pop_back();
  } else {
    const std::size_t equals = turn.find('=');
    if (equals == std::string_view::npos) {
      refuse(text, "it does not say =ERROR or :short=BYTES");
    }
    parse_fault(text, turn.substr(equals + 1), rule);
    turn = turn.substr(0, equals);
  }
  if (!parse_turn(turn, rule)) {
    refuse(text, "'" + std::string(turn) + "' is none of 3, 1-20, 5-, *, every3");
  }
  for (std::size_t i = 1; i < fields.size(); ++i) {
    if (!parse_word(fields[i], rule)) {
      refuse(text,
             "'" + std::string(fields[i]) + "' is none of socket, pipe, parent, children, process");
    }
  }
}

} // namespace

Group group_named(std::string_view name) {
  if (const auto* const found = std::find(group_names.begin(), group_names.end(), name);
      found != group_names.end()) {
    return static_cast<Group>(found - group_names.begin());
  }
  for (const auto& [other, group] : other_names) {
    if (other == name) {
      return group;
    }
  }
  std::string known;
  for (const auto& group : group_names) {
    known += known.empty() ? "" : ", ";
    known += group;
  }
  throw std::invalid_argument("'" + std::string(name) + "' is none of " + known);
}

std::string error_name(int error) {
  const char* const name = strerrorname_np(error);
  return name == nullptr ? std::to_string(error) : name;
}

void parse_rules(std::string_view text, Shared& shared) {
  for (const std::string_view part : split(text, ';')) {
    const std::string_view rule = trim(part);
    if (rule.empty()) {
      continue;
    }
    if (shared.rule_count == most_rules) {
      refuse(rule, "there are more than " + std::to_string(most_rules));
    }
    Rule& place = shared.rules[shared.rule_count];
    parse_rule(rule, place);
    ++shared.rule_count;
    shared.groups |= 1U << static_cast<unsigned>(place.group);
  }
}

} // namespace lab::probe
