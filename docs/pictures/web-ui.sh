#!/usr/bin/env bash
# Makes docs/pictures/web-ui.png: Temporal's web UI with the demo's completed workflow, as
# headless Chromium shows it. Needs `chromium`, and what `bluetext demo` needs.
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=$(mktemp -d)
trap 'kill -INT "$demo" 2>/dev/null || true; wait "$demo" 2>/dev/null || true; rm -rf "$folder"' EXIT
cargo build --quiet --locked
target/debug/bluetext demo "$folder/shop" >"$folder/shown" &
demo=$!
until grep -q '^Web UI ' "$folder/shown"; do
  kill -0 "$demo"
  sleep 0.2
done
page=$(sed -n 's/^Web UI //p' "$folder/shown")
chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
  --disable-background-networking --disable-component-update --disable-sync \
  --user-data-dir="$folder/chromium" --hide-scrollbars --window-size=1200,700 \
  --virtual-time-budget=15000 --screenshot=docs/pictures/web-ui.png "$page" 2>/dev/null
