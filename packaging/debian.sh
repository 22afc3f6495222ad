# shellcheck shell=bash
# Sourced by the scripts of this folder: which Debian packages each job needs, and how the missing
# ones are installed.

# What compiles and runs Oxcache.
build_packages=(
    g++ cmake ninja-build pkg-config
    libpoco-dev libsqlite3-dev libssl-dev nlohmann-json3-dev libxxhash-dev
)
# What the tests need beyond that: servers to start, traces to unpack, a fuzzer, and to build less
# often.
test_packages=(
    ccache clang doctest-dev libclang-rt-dev libzstd-dev
    openssl redis-sentinel redis-server redis-tools
)
# What the benchmarks need beyond what compiles: the framework, and the peers.
bench_packages=(
    libbenchmark-dev libabsl-dev libhiredis-dev libtbb-dev librocksdb-dev
    default-jdk-headless libcaffeine-java
)
# What the checks of style need beyond that.
style_packages=(clang-format clang-tidy git)

say() { printf '== %s\n' "$*"; }

# missing_packages NAME...: prints those that are not installed, one a line.
missing_packages() {
    local name
    for name in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
            printf '%s\n' "$name"
    done
}

# as_root COMMAND...: runs it with the rights that installing needs.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        printf 'error: installing packages needs root and there is no sudo; as root, run:\n' >&2
        printf '    apt-get install --no-install-recommends %s\n' "${missing[*]}" >&2
        return 1
    fi
}

# ensure_packages NAME...: installs what is missing, and nothing when nothing is.
# OXCACHE_SKIP_PACKAGES=1 leaves the machine as it is.
ensure_packages() {
    [ "${OXCACHE_SKIP_PACKAGES:-0}" != 1 ] || return 0
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        cat >&2 <<EOF
error: this is not a Debian machine, so its packages cannot be installed from here.
Install what these Debian 12 packages hold, then run again with OXCACHE_SKIP_PACKAGES=1:
    $*
EOF
        return 1
    fi
    local missing
    mapfile -t missing < <(missing_packages "$@")
    if [ "${#missing[@]}" -eq 0 ]; then
        say "packages: all $# are installed"
        return 0
    fi
    say "packages: installing ${missing[*]}"
    as_root apt-get update -q </dev/null || return
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${missing[@]}" </dev/null
}
