#!/usr/bin/env bash
# Installs what the tests need, builds them and runs them all; CTest's summary comes last.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/debian.sh
. packaging/debian.sh

usage() {
    cat <<'EOF'
usage: packaging/test.sh [--release | --asan | --tsan | --race | --layering | --all]
  --release  every test, optimised (the default)
  --asan     every test under AddressSanitizer and UndefinedBehaviorSanitizer
  --tsan     every test under ThreadSanitizer
  --race     under ThreadSanitizer, only the tests with the label `race`
  --layering only the test of the floors that includes may cross
  --all      style, --asan, --tsan and --release
EOF
}

# run_suite PRESET TARGET CTEST-OPTION...
run_suite() {
    local preset=$1 target=$2
    shift 2
    say "building in $PWD/build/$preset"
    cmake --preset "$preset"
    cmake --build --preset "$preset" --target "$target"
    say "testing in $PWD/build/$preset"
    # ThreadSanitizer of g++ 12 refuses to start where the kernel spreads addresses widely.
    local plain=()
    if [ "$preset" = tsan ] && setarch -R true 2>/dev/null; then plain=(setarch -R); fi
    "${plain[@]}" ctest --preset "$preset" --no-tests=error -j "$(nproc)" "$@" </dev/null
}

suite() {
    case $1 in
        --release) run_suite release all ;;
        --asan) run_suite asan all ;;
        --tsan) run_suite tsan all ;;
        --race) run_suite tsan oxcache_race_tests -L '^race$' ;;
        --layering) run_suite release layering_test -R '^layering_test$' ;;
    esac
}

case ${1:---release} in
    --release | --asan | --tsan | --race | --layering)
        [ $# -le 1 ] || { usage >&2; exit 2; }
        ensure_packages "${build_packages[@]}" "${test_packages[@]}"
        suite "${1:---release}"
        ;;
    --all)
        [ $# -le 1 ] || { usage >&2; exit 2; }
        packaging/style.sh
        ensure_packages "${build_packages[@]}" "${test_packages[@]}"
        for each in --asan --tsan --release; do suite "$each"; done
        ;;
    -h | --help) usage ;;
    *) usage >&2; exit 2 ;;
esac
