#!/usr/bin/env bash
# Run once by Gradescope, as root, while it builds the image: installs what the grading needs, and
# builds the checks. Submissions come later, to run_autograder.
#
# Written for an Ubuntu 24.04 image. 22.04 has CMake 3.22 and g++ 11, where CMake 3.25 and g++ 12 are
# needed: there it takes g++ 12 from Ubuntu, CMake from PyPI, and doctest from its repository.
#
#   LAB_BUILD=DIR   do not build, use what is built in DIR (the kit's own tests do)
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ -f "$source/CMakeLists.txt" ] || source=${AUTOGRADER:-/autograder}/source

say() { echo "setup.sh: $*"; }

# version_of COMMAND: the first number with a dot in it that `COMMAND --version` prints; 0 without it.
version_of() {
  { "$1" --version 2>/dev/null || true; } | sed -n '1s/[^0-9]*\([0-9][0-9]*\.[0-9]*\).*/\1/p' | grep . || echo 0
}
# at_least VERSION WANTED
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }
cmake_fits() { at_least "$(version_of cmake)" 3.25; }
# gcc's first line holds its distribution's version too: -dumpversion says its own alone.
gcc_fits() { at_least "$("$1" -dumpfullversion -dumpversion 2>/dev/null || echo 0)" 12; }

fail() {
  say "$1" >&2
  say "Choose the base image Ubuntu 24.04 (Configure Autograder, Base Image Version) and upload again." >&2
  exit 1
}

if [ -n "${LAB_BUILD:-}" ]; then
  echo "$LAB_BUILD" >"$source/built-in"
  say "using the build in $LAB_BUILD"
  exit 0
fi

compiler=g++
if ! cmake_fits || ! gcc_fits g++ || [ ! -e /usr/include/doctest/doctest.h ] || ! command -v make >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update
  apt-get install -y --no-install-recommends g++ make cmake git ca-certificates procps
  if cmake_fits && gcc_fits g++; then
    apt-get install -y --no-install-recommends doctest-dev || say "no doctest-dev here: it is fetched"
  else
    say "this image has CMake $(version_of cmake) and g++ $(g++ -dumpversion)"
    if ! gcc_fits g++; then
      apt-get install -y --no-install-recommends g++-12 || fail "There is no g++ 12 for this image."
      compiler=g++-12
    fi
    if ! cmake_fits; then
      apt-get install -y --no-install-recommends python3-pip
      python3 -m pip install 'cmake>=3.25,<4' || fail "CMake 3.25 could not be installed."
      hash -r
      cmake_fits || fail "CMake is $(version_of cmake), and 3.25 is needed."
    fi
  fi
fi

cmake -S "$source" -B "$source/build" -D CMAKE_CXX_COMPILER="$compiler"
# Four compilers at most: each takes up to 300 MB, and nproc counts the processors of the whole machine.
jobs=$(nproc)
cmake --build "$source/build" --parallel "$((jobs < 4 ? jobs : 4))" --target lab-grade
echo "$source/build" >"$source/built-in"

# The checks are no secret (the handout has them), but a submission has no business in here.
chmod -R go-w "$source"
say "done: lab-grade is built"
