#include "graded.hpp"

#include "tools/grade/files.hpp"
#include "tools/text/json.hpp"
#include "tools/text/text.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <utility>

#include <doctest/doctest.h>
#include <unistd.h>

namespace lab::graded {

namespace fs = std::filesystem;

namespace {

/// An element of XML; of its text no more than where it ends.
struct Element {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::vector<Element> children;
};

/// Reads XML 1.0 as our reports have it: elements, attributes, text, the five entities and
/// references to characters. Throws std::runtime_error for anything else.
class Xml {
public:
  static Element parse(std::string_view text) {
    Xml xml(text);
    xml.must(is_utf8(text), "not UTF-8");
    for (const char c : text) {
      xml.must(static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t', "a control byte");
    }
    xml.must(xml.take("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"), "no declaration");
    Element root = xml.element();
    xml.must(xml.text_ == "\n", "more after the root");
    return root;
  }

private:
  explicit Xml(std::string_view text) : text_(text) {}

  void must(bool right, const std::string& what) const {
    if (!right) {
      throw std::runtime_error("XML: " + what + " before: " + std::string(text_.substr(0, 60)));
    }
  }

  bool take(std::string_view token) {
    const bool found = text_.starts_with(token);
    text_.remove_prefix(found ? token.size() : 0);
    return found;
  }

  std::string name() {
    const auto end = text_.find_first_not_of("abcdefghijklmnopqrstuvwxyz-");
    must(end != 0 && end != std::string_view::npos, "no name");
    std::string result(text_.substr(0, end));
    text_.remove_prefix(end);
    return result;
  }

  std::string characters(char end) {
    std::string result;
    while (!text_.empty() && text_[0] != end) {
      must(text_[0] != '<' || end == '<', "a < in a value");
      if (take("&")) {
        const auto semicolon = text_.find(';');
        must(semicolon != std::string_view::npos, "an entity without an end");
        const std::string entity(text_.substr(0, semicolon));
        static const std::map<std::string, char> known{{"amp", '&'},  {"lt", '<'},   {"gt", '>'},
                                                       {"quot", '"'}, {"#39", '\''}, {"#10", '\n'},
                                                       {"#9", '\t'}};
        must(known.contains(entity), "an entity of no known name");
        result += known.at(entity);
        text_.remove_prefix(semicolon + 1);
        continue;
      }
      result += text_[0];
      text_.remove_prefix(1);
    }
    return result;
  }

  Element element() {
    Element element;
    must(take("<"), "no element");
    element.name = name();
    while (take(" ")) {
      const std::string attribute = name();
      must(take("=\"") && !element.attributes.contains(attribute), "an attribute");
      element.attributes[attribute] = characters('"');
      must(take("\""), "a value without an end");
    }
    if (take("/>")) {
      return element;
    }
    must(take(">"), "a tag without an end");
    for (;;) {
      characters('<');
      if (take("</")) {
        must(name() == element.name && take(">"), "the end of another element");
        return element;
      }
      element.children.push_back(element_below());
    }
  }

  Element element_below() { return element(); }

  std::string_view text_;
};

} // namespace

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file, path.string(), " is not there");
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t count_of_exercises() {
  return static_cast<std::size_t>(
      std::ranges::count_if(fs::directory_iterator(source / "exercises"), [](const auto& entry) {
        const std::string name = entry.path().filename();
        return entry.is_directory() && name.find_first_not_of("0123456789") == 2;
      }));
}

void write(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
    ++found;
  }
  return found;
}

bool contains(std::string_view text, std::string_view what) {
  return count(text, what) != 0;
}

std::string solution(const std::string& file) {
  return bytes_of(source / "solutions" / file);
}

void pack(const fs::path& from, const std::vector<std::string>& what, const fs::path& archive) {
  fs::create_directories(archive.parent_path());
  std::vector<std::string> arguments{"-E",
                                     "chdir",
                                     from.string(),
                                     "cmake",
                                     "-E",
                                     "tar",
                                     archive.extension() == ".zip" ? "cf" : "czf",
                                     archive.string()};
  if (archive.extension() == ".zip") {
    arguments.emplace_back("--format=zip");
  }
  arguments.insert(arguments.end(), what.begin(), what.end());
  Process packs("/usr/bin/env", {.arguments =
                                     [&] {
                                       arguments.insert(arguments.begin(), "cmake");
                                       return arguments;
                                     }(),
                                 .input = Input::null});
  REQUIRE(packs.wait(class_limit).success());
}

Folder::Folder() {
  std::string name = (fs::temp_directory_path() / "grade-test-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = name;
  for (const fs::path& folder : {path_, path_ / "temporary", path_ / "grades"}) {
    fs::create_directories(folder);
    fs::permissions(folder, fs::perms::all);
  }
}

Folder::~Folder() {
  grade::remove_folder(path_);
}

fs::path Folder::hand_in(const std::string& name,
                         const std::map<std::string, std::string>& files) const {
  fs::path folder = path_ / "class" / name;
  fs::create_directories(folder);
  for (const auto& [file, text] : files) {
    write(folder / file, text);
  }
  return folder;
}

Process Folder::start(std::vector<std::string> arguments, const std::string& who) const {
  fs::path program = programs / "lab-grade";
  if (!who.empty()) {
    arguments.insert(arguments.begin(), {who, program.string()});
    program = GRADE_AS;
  }
  return Process(program, {.arguments = std::move(arguments),
                           .input = Input::null,
                           .environment = {{"TMPDIR", (path_ / "temporary").string()}}});
}

Exit Folder::run(Process& grader) const {
  const Exit exit = grader.wait(class_limit);
  CHECK(grader.left_behind().empty());
  CHECK(fs::is_empty(path_ / "temporary"));
  return exit;
}

std::vector<std::vector<std::string>> parse_csv(std::string_view text) {
  std::vector<std::vector<std::string>> rows;
  const auto must = [](bool right, const char* what) {
    if (!right) {
      throw std::runtime_error(std::string("CSV: ") + what);
    }
  };
  must(text.starts_with("\xef\xbb\xbf"), "no byte order mark");
  text.remove_prefix(3);
  while (!text.empty()) {
    auto& row = rows.emplace_back();
    for (bool more = true; more;) {
      std::string& field = row.emplace_back();
      if (text.starts_with('"')) {
        text.remove_prefix(1);
        for (;;) {
          const auto quote = text.find('"');
          must(quote != std::string_view::npos, "a quoted field has no end");
          field += text.substr(0, quote);
          text.remove_prefix(quote + 1);
          if (!text.starts_with('"')) {
            break;
          }
          field += '"';
          text.remove_prefix(1);
        }
      } else {
        const auto end = std::min(text.find_first_of(",\r\n\""), text.size());
        field = text.substr(0, end);
        text.remove_prefix(end);
      }
      more = text.starts_with(',');
      must(more || text.starts_with("\r\n"), "a field ends with neither a comma nor CRLF");
      text.remove_prefix(more ? 1 : 2);
    }
    must(row.size() == rows.front().size(), "rows of different lengths");
  }
  return rows;
}

Reported read_reports(const fs::path& folder) {
  const Json results = Json::parse(bytes_of(folder / "results.json"));
  Reported reported;
  reported.score = results.at("score").number();
  for (const char* const format : {"output_format", "test_output_format"}) {
    CHECK(results.at(format).text() == "text"); // keeps the columns of a picture
  }
  CHECK(!results.at("output").text().empty());
  double sum = 0;
  std::set<std::string> numbers;
  std::size_t failed = 0;
  for (const Json& test : results.at("tests").list()) {
    const std::string name = test.at("name").text();
    const double score = test.at("score").number();
    const double most = test.at("max_score").number();
    const std::string status = test.at("status").text();
    CHECK(score >= 0);
    CHECK(score <= most);
    CHECK((status == "passed" || status == "failed"));
    CHECK((status == "passed" || most == 0 || score < most)); // some have no marks of their own
    CHECK((status == "failed" || score == most || contains(test.at("output").text(), " less, ")));
    // What a check did with less, or could not do on this machine, costs no marks, and is said.
    const std::string words = test.at("output").text();
    CHECK((words.empty() || words.starts_with("note") || words.starts_with("skipped") ||
           words.starts_with("marks")) == (status == "passed"));
    failed += status == "failed" ? 1U : 0U;
    sum += score;
    numbers.insert(test.at("number").text());
    reported.tests[name] = score;
    reported.most[name] = most;
    reported.passed[name] = status == "passed";
  }
  CHECK(sum == reported.score);
  CHECK(numbers.size() == results.at("tests").list().size());
  CHECK(reported.tests.size() == results.at("tests").list().size());

  // https://github.com/testmoapp/junitxml
  const Element suites = Xml::parse(bytes_of(folder / "junit.xml"));
  CHECK(suites.name == "testsuites");
  CHECK(suites.attributes.contains("name"));
  CHECK(suites.children.size() == count_of_exercises());
  std::size_t cases = 0;
  std::size_t failures = 0;
  for (const Element& suite : suites.children) {
    CHECK(suite.name == "testsuite");
    CHECK(!suite.attributes.at("name").empty());
    std::map<std::string, std::size_t> here{{"failure", 0}, {"error", 0}, {"skipped", 0}};
    std::set<std::string> of_cases;
    for (const Element& one : suite.children) {
      CHECK(
          (one.name == "testcase" || (one.name == "system-err" && &one == &suite.children.back())));
      if (one.name == "testcase") {
        CHECK(one.attributes.at("classname") == suite.attributes.at("name"));
        of_cases.insert(one.attributes.at("name"));
        ++cases;
        CHECK(one.children.size() <= 1);
        for (const Element& end : one.children) {
          CHECK(here.contains(end.name));
          CHECK(!end.attributes.at("message").empty());
          ++here[end.name];
        }
      }
    }
    CHECK(suite.attributes.at("tests") == std::to_string(of_cases.size()));
    CHECK(suite.attributes.at("failures") == std::to_string(here["failure"]));
    CHECK(suite.attributes.at("errors") == std::to_string(here["error"]));
    CHECK(suite.attributes.at("skipped") == std::to_string(here["skipped"]));
    failures += here["failure"];
  }
  CHECK(cases == reported.tests.size());
  CHECK(failures == failed);
  return reported;
}

} // namespace lab::graded
