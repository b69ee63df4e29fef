#!/usr/bin/env bash
# lacks_test.sh: on a machine without Node, npm, marp or Chromium, render.sh says in one line what is
# missing and what to install, with exit status 77, and installs nothing. With LAB_REQUIRE_TOOLS set
# the status is 1.
set -euo pipefail

render=$(cd "$(dirname "$0")" && pwd)/../../../slides/render.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unset CHROME_PATH LAB_REQUIRE_TOOLS
wanted=77
failed=0

# A PATH with these programs alone; those that are not of the system are stubs.
machine_with() {
  local name
  rm -rf "$folder/bin" "$folder/tools"
  mkdir -p "$folder/bin" "$folder/tools"
  for name in bash dirname mkdir cp mktemp rm tail; do
    ln -s "$(command -v "$name")" "$folder/bin/$name"
  done
  for name in "$@"; do
    printf '#!/bin/sh\nexit 1\n' >"$folder/bin/$name"
    chmod +x "$folder/bin/$name"
  done
}

# says "WHAT" MODE: what render.sh says in that mode, in one line that holds WHAT.
says() {
  local status=0 said
  said=$(PATH=$folder/bin bash "$render" "$2" "$folder/tools" one two 2>&1 </dev/null) || status=$?
  if [ "$status" != "$wanted" ] || [ "$(wc -l <<<"$said")" != 1 ] || [[ $said != *"$1"* ]]; then
    printf 'render.sh %s should say one line about "%s", with exit status %s; it said, with %s:\n%s\n' \
      "$2" "$1" "$wanted" "$status" "$said"
    failed=1
  fi
}

machine_with
says "apt-get install chromium" tools
says "apt-get install nodejs npm" tools-there
machine_with chromium
says "apt-get install nodejs npm" tools
machine_with chromium node
says "apt-get install npm" tools
says "cmake --workflow --preset slides installs it" tools-there
says "cmake --workflow --preset slides installs it" pages
machine_with node marp
says "apt-get install chromium" tools-there
says "apt-get install chromium" pdf
machine_with google-chrome node npm
says "a network is needed once" tools
wanted=1
export LAB_REQUIRE_TOOLS=1
machine_with chromium
says "apt-get install nodejs npm" tools-there

exit "$failed"
