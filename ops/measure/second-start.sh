#!/usr/bin/env bash
# Seconds from ./postern up on a built home that has run before to the first answered request.
#   ops/measure/second-start.sh HOME [PORT]
set -euo pipefail
home=${1:?the home to start}
port=${2:-8080}
cd "$(dirname "$(readlink -f "$0")")/../.."
# shellcheck disable=SC1091
. "$home/bootstrap.env"

began=$(date +%s.%N)
POSTERN_BUILD=0 ./postern up --home "$home" --port "$port" >/dev/null &
trap './postern stop --home "$home" >/dev/null' EXIT
body='{"model":"'$POSTERN_MODEL'","max_tokens":4,"messages":[{"role":"user","content":"Hi"}]}'
until [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/readyz")" = 200 ]; do sleep 0.05; done
curl -sf -o /dev/null "http://127.0.0.1:$port/v1/chat/completions" -H "Authorization: Bearer $POSTERN_API_KEY" -d "$body"
awk -v began="$began" -v ended="$(date +%s.%N)" 'BEGIN { printf "first answer after %.2f s\n", ended - began }'
