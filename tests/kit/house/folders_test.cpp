// What a folder holds and what the page about it lists.

#include "kit/house/house.hpp"
#include "kit/lessons/lesson.hpp"

#include <filesystem>
#include <string>

#include <doctest/doctest.h>

TEST_CASE("a hostile submission: its class, and its row in the table") {
  const std::filesystem::path folder = lab::house::root() / "tests/kit/hostile";
  const std::string test = lab::lessons::contents(folder / "hostile_test.cpp");
  const std::string page = lab::lessons::contents(folder / "README.md");
  int submissions = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "submissions")) {
    const std::string name = entry.path().stem();
    ++submissions;
    CHECK_MESSAGE(test.find('"' + name + '"') != std::string::npos, name,
                  " is in no class of tests/kit/hostile/hostile_test.cpp: nothing grades it");
    CHECK_MESSAGE(page.find('`' + name + '`') != std::string::npos, name,
                  " is not in the table of tests/kit/hostile/README.md");
  }
  CHECK(submissions > 0);
}

TEST_CASE("a folder of tests, tests/tools or tests/kit: its row in tests/README.md") {
  const std::filesystem::path tests = lab::house::root() / "tests";
  const std::string page = lab::lessons::contents(tests / "README.md");
  for (const std::string folder : {"", "tools/", "kit/"}) {
    for (const auto& entry : std::filesystem::directory_iterator(tests / folder)) {
      const std::string name = (folder == "kit/" ? "" : folder) + entry.path().filename().string();
      if (entry.is_directory()) {
        CHECK_MESSAGE(page.find('`' + name + '`') != std::string::npos, "tests/", folder,
                      entry.path().filename().string(), " has no row in tests/README.md");
      }
    }
  }
}
