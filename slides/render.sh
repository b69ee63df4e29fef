#!/usr/bin/env bash
# Renders a deck, for CMake (see CMakeLists.txt). What a machine lacks is said in one line.
#
#   render.sh tools TOOLS              finds marp, or installs it into the folder TOOLS
#   render.sh tools-there TOOLS        whether all is there, and nothing is installed
#   render.sh html|pdf TOOLS DECK OUT
#   render.sh pages TOOLS OUT DECK...  the HTML of several decks, into the folder OUT
#   render.sh index OUT DECK...        the page that lists the decks
#   render.sh browser TOOLS SCRIPT ARGUMENTS...
#                                      runs a script with marp's puppeteer and with Chromium
#
# Exit status: 77 where something is missing, as CTest knows it from a test that is skipped. With
# LAB_REQUIRE_TOOLS set in the environment it is 1, and the test fails.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
mode=${1:-}
shift || true

lacks() {
  printf 'slides: %s\n' "$*" >&2
  [ -n "${LAB_REQUIRE_TOOLS:-}" ] && exit 1
  exit 77
}

# marp, as a command: that of the machine, or that in TOOLS.
marp_in() {
  local tools=$1
  if command -v marp >/dev/null; then
    marp=marp
  elif [ -x "$tools/node_modules/.bin/marp" ]; then
    marp=$tools/node_modules/.bin/marp
  else
    return 1
  fi
}

find_marp() {
  marp_in "$1" || lacks "marp is missing: cmake --workflow --preset slides installs it"
}

find_node() {
  command -v node >/dev/null || lacks "Node is missing: apt-get install nodejs npm"
}

find_chromium() {
  local name
  if [ -n "${CHROME_PATH:-}" ]; then
    [ -x "$CHROME_PATH" ] || lacks "CHROME_PATH names no program: $CHROME_PATH"
    return
  fi
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null; then
      CHROME_PATH=$(command -v "$name")
      export CHROME_PATH
      return
    fi
  done
  lacks "Chromium is missing: apt-get install chromium, or set CHROME_PATH"
}

# One file. marp's own messages are shown where it fails.
render() {
  local log
  log=$(mktemp)
  if ! "$marp" --config-file "$here/marp.config.mjs" "$@" </dev/null >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    exit 1
  fi
  rm -f "$log"
}

case $mode in
tools)
  find_chromium # now, and not after some minutes
  find_node
  mkdir -p "$1"
  if ! marp_in "$1"; then
    command -v npm >/dev/null ||
      lacks "marp is missing, and npm to install it: apt-get install npm"
    cp "$here/package.json" "$1/package.json"
    log=$(mktemp)
    if ! npm install --prefix "$1" --no-package-lock --no-audit --no-fund >"$log" 2>&1; then
      tail -n 20 "$log" >&2
      rm -f "$log"
      lacks "npm could not install marp (a network is needed once, or marp in PATH)"
    fi
    rm -f "$log"
  fi
  ;;
tools-there)
  find_node
  find_marp "$1"
  find_chromium
  ;;
html)
  find_marp "$1"
  render "$2" --output "$3"
  ;;
pdf)
  find_marp "$1"
  find_chromium
  render --pdf --pdf-outlines "$2" --output "$3"
  ;;
pages)
  find_node
  find_marp "$1"
  out=$2
  shift 2
  rm -rf "$out/source"
  mkdir -p "$out/source"
  cp "$@" "$out/source"
  render --input-dir "$out/source" --output "$out"
  rm -rf "$out/source"
  ;;
browser)
  find_node
  find_marp "$1"
  find_chromium
  script=$2
  shift 2
  exec node "$script" "$(readlink -f "$(command -v "$marp")")" "$@"
  ;;
index)
  out=$1
  shift
  {
    cat <<'HTML'
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>The fork lab: slides</title>
<style>
  :root { color-scheme: light dark; }
  body { max-width: 46rem; margin: 3rem auto; padding: 0 1rem; font: 1.1rem/1.5 system-ui, sans-serif; }
  table { border-collapse: collapse; width: 100%; }
  td { padding: .6rem .8rem .6rem 0; border-bottom: 1px solid #8888; vertical-align: top; }
  td:last-child { white-space: nowrap; padding-right: 0; }
</style>
<h1>The fork lab: slides</h1>
<p>Arrow keys turn the pages, <kbd>f</kbd> fills the screen, <kbd>p</kbd> opens the speaker's view
with the notes, and <kbd>o</kbd> shows all slides at once.</p>
<table>
HTML
    for deck in "$@"; do
      name=$(basename "$deck" .md)
      title=$(sed -n 's/^title: *//p' "$deck" | head -n 1)
      description=$(sed -n 's/^description: *//p' "$deck" | head -n 1)
      minutes=$(sed -n 's/^<!-- minutes: *\([0-9]*\) *-->$/\1/p' "$deck" | awk '{ sum += $1 } END { print sum + 0 }')
      printf '<tr><td>%s<td><a href="%s.html">%s</a><br>%s<td>%s minutes, <a href="%s.pdf">PDF</a>\n' \
        "${name%%-*}" "$name" "$title" "$description" "$minutes" "$name"
    done
    echo '</table>'
    echo '</html>'
  } >"$out"
  ;;
*)
  echo "usage: render.sh tools|tools-there|html|pdf|pages|index|browser ..." >&2
  exit 2
  ;;
esac
