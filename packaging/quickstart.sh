#!/usr/bin/env bash
# Installs what is missing, builds Oxcache and runs its demo on the embedded second level: no
# server is needed. What is given on the command line goes to the demo.
set -euo pipefail
from=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=packaging/debian.sh
. packaging/debian.sh

ensure_packages "${build_packages[@]}"
say "building in $PWD/build/package"
cmake --preset package
cmake --build --preset package
demo=$PWD/build/package/bin/oxcache-demo
say "running $demo $*"
cd "$from"
exec "$demo" "$@"
