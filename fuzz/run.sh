#!/usr/bin/env bash
# Runs every fuzz target for SECONDS (default 60), two at a time: fuzz/run.sh [SECONDS] [TARGET…]
#
# Needs nothing but Rust and a C++ compiler (for libFuzzer): the targets are built with the
# coverage flags that cargo-fuzz would pass, on the installed toolchain. 0 seconds only replays
# the stored corpora. New inputs stay in fuzz/target/corpus; one that crashes is kept in
# fuzz/target/artifacts, with the command that replays it.
set -euo pipefail

cd "$(dirname "$0")"
seconds="${1:-60}"
[ $# -gt 0 ] && shift

if ! command -v "${CXX:-c++}" > /dev/null; then
    echo "fuzz: skipped, libFuzzer needs a C++ compiler and there is none (set CXX)"
    exit 0
fi
host="$(rustc -vV | sed -n 's/^host: //p')"
case "$host" in
    *-linux-gnu | *-linux-musl | *-apple-darwin) ;;
    *)
        echo "fuzz: skipped, libFuzzer does not run on $host"
        exit 0
        ;;
esac

if [ $# -gt 0 ]; then
    targets=("$@")
else
    targets=()
    for file in fuzz_targets/*.rs; do
        name="${file##*/}"
        targets+=("${name%.rs}")
    done
fi

# With a target given, build scripts and procedural macros are left without coverage.
RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Ccodegen-units=1 -Clink-dead-code \
-Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares" \
    cargo build --quiet --release --target "$host" --target-dir target "${targets[@]/#/--bin=}"

fuzz_one() {
    local name="$1" bin="target/$2/release/$1" seconds="$3" amount log
    mkdir -p "target/corpus/$name" "target/artifacts" "corpus/$name"
    log="target/$name.log"
    amount=(-max_total_time="$seconds")
    [ "$seconds" -eq 0 ] && amount=(-runs=0)
    if RUST_BACKTRACE=1 "$bin" "${amount[@]}" -timeout=10 -rss_limit_mb=1024 \
        -malloc_limit_mb=256 -print_final_stats=1 -verbosity=1 \
        -artifact_prefix="target/artifacts/$name-" \
        "target/corpus/$name" "corpus/$name" > "$log" 2>&1; then
        echo "fuzz: $name passed, $(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
            "inputs, $(grep -oE 'cov: [0-9]+' "$log" | tail -1)"
    else
        grep -E 'panicked at|ERROR: libFuzzer' -A 2 "$log" | head -12 || true
        echo "fuzz: $name FAILED, see fuzz/$log; replay with" \
            "fuzz/$bin fuzz/$(ls -t "target/artifacts/$name-"* 2> /dev/null | head -1)"
        return 1
    fi
}
export -f fuzz_one

printf '%s\0' "${targets[@]}" \
    | xargs -0 -P 2 -I '{}' bash -c 'fuzz_one "$1" "$2" "$3"' fuzz_one '{}' "$host" "$seconds"
