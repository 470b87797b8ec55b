#!/usr/bin/env bash
# Long proofs, run by hand: benches/long.sh NAME
#   fuzz [SECONDS]   every fuzz target for so many seconds each (600); needs cargo-fuzz
#   observatory [SETS]   header sets through the Observatory's own library (5000)
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
    fuzz)
        for target in $(cd fuzz && cargo fuzz list); do
            echo "== $target"
            (cd fuzz && cargo fuzz run --sanitizer none "$target" -- -max_total_time="${2:-600}" -max_len=65536)
        done
        ;;
    observatory)
        LUNETTE_OBSERVATORY_SETS="${2:-5000}" cargo test --locked --release --test it -- observatory --nocapture
        ;;
    *)
        sed -n 's/^#   //p' "$0" >&2
        exit 2
        ;;
esac
