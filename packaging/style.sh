#!/usr/bin/env bash
# Checks the form of every tracked source: clang-format, and clang-tidy with the list of .clang-tidy
# (which also compiles everything with clang and its thread-safety analysis).
# --fix rewrites the sources with clang-format and stops there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/debian.sh
. packaging/debian.sh

usage() { printf 'usage: packaging/style.sh [--fix | --format | --tidy]\n'; }
steps=both
case ${1:-} in
    '') ;;
    --fix | --format | --tidy) steps=${1#--} ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
esac

ensure_packages "${build_packages[@]}" "${test_packages[@]}" "${style_packages[@]}"
mapfile -t sources < <(git ls-files --cached --others --exclude-standard '*.h' '*.cpp')

if [ "$steps" = fix ]; then
    exec clang-format -i "${sources[@]}"
fi

failed=0
if [ "$steps" != tidy ]; then
    say "clang-format on ${#sources[@]} files"
    clang-format --dry-run -Werror "${sources[@]}" || {
        failed=1
        say "clang-format: run packaging/style.sh --fix"
    }
fi
if [ "$steps" != format ]; then
    # Configured for clang, never built: clang-tidy needs the commands clang would be given. What
    # is generated (the samples of the documents) is left out: it is written to be read.
    mkdir -p build
    cmake --preset tidy >build/tidy.log 2>&1 || { cat build/tidy.log; exit 1; }
    mapfile -t units < <(sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' \
        build/tidy/compile_commands.json | grep -vF "$PWD/build/" | sort -u)
    say "clang-tidy on ${#units[@]} translation units"
    printf '%s\0' "${units[@]}" |
        xargs -0 -n 1 -P "$(nproc)" clang-tidy -p build/tidy --quiet 2>build/tidy.log ||
        { failed=1; grep -v ' warnings generated' build/tidy.log || true; }
fi
[ "$failed" = 0 ] && say "style: clean" || say "style: FAILED"
exit "$failed"
