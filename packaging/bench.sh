#!/usr/bin/env bash
# Installs what the benchmarks need, builds them and runs them; the ratios come last.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/debian.sh
. packaging/debian.sh

usage() {
    cat <<'EOT'
usage: packaging/bench.sh [memory | redis] [OPTION OF GOOGLE BENCHMARK...]
  memory  L1 beside other caches in memory, about four minutes on two cores
  redis   the Redis store beside hiredis, on a server that the program starts
  Without a name both. For a look at one peer: memory --benchmark_filter=hot/store
  The machine should have nothing else to do.
EOT
}
names=(memory redis)
case ${1:-} in
    -h | --help) usage; exit 0 ;;
    memory | redis) names=("$1"); shift ;;
esac

ensure_packages "${build_packages[@]}" "${test_packages[@]}" "${bench_packages[@]}"
say "building in $PWD/build/bench"
cmake --preset bench
cmake --build --preset bench --target "${names[@]/%/_bench}"
failed=0
for name in "${names[@]}"; do
    say "measuring: $name"
    "build/bench/bin/${name}_bench" "$@" || failed=1
done
exit "$failed"
