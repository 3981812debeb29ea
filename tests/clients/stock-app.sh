#!/bin/sh
# stock-app.sh FOLDER [OPTION...]: runs the stock Backstage app in FOLDER (its run.sh) against a Callboard over its demo catalog.
set -eu
folder=$(cd "$1" && pwd)
shift
here=$(cd "$(dirname "$0")" && pwd)
port=${PORT:-7017}
WORK=$(mktemp -d)
export WORK
"$here/../../.venv/bin/callboard" serve "$folder/demo/all.yaml" --config "$here/stock-app.yaml" --dev \
  --database sqlite:// --port "$port" 2>"$WORK/callboard.log" &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
for _ in $(seq 100); do
  kill -0 $server 2>/dev/null || { cat "$WORK/callboard.log" >&2; exit 2; }
  curl --silent --fail --output /dev/null "http://127.0.0.1:$port/healthz" && break
  sleep 0.1
done
echo "what it did is kept in $WORK"
"$folder/run.sh" "http://127.0.0.1:$port" "$@"
