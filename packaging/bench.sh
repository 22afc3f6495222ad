#!/usr/bin/env bash
# Installs what the benchmarks need, builds them and runs them; the ratios come last.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/debian.sh
. packaging/debian.sh

case ${1:-} in
    -h | --help)
        cat <<'EOF'
usage: packaging/bench.sh [OPTION OF GOOGLE BENCHMARK...]
  Without options every load of L1, about three minutes on two cores; for a look at one peer:
  --benchmark_filter=hot/store
  The machine should have nothing else to do.
EOF
        exit 0
        ;;
esac

ensure_packages "${build_packages[@]}" "${bench_packages[@]}"
say "building in $PWD/build/bench"
cmake --preset bench
cmake --build --preset bench --target memory_bench
say "measuring"
build/bench/bin/memory_bench "$@"
