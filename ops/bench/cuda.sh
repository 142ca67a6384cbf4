#!/usr/bin/env bash
# For a machine with an NVIDIA device: the tests of the CUDA path, a chat with a runner there, then the engine's
# steps there: tokens a second of the clock.
#   ops/bench/cuda.sh [cuda:0]
#
# Needs the driver, CUDA 12 and cuDNN 9 where the linker finds them (LD_LIBRARY_PATH; for the wheels of PyPI: every
# nvidia/*/lib of site-packages). Appends a line to history.jsonl. Ends with 3 where there is no device.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
root=$(cd "$here/../.." && pwd)
device=${1:-cuda:0}
port=${PORT:-8097}
export POSTERN_GPU=1

case "$device" in
  cuda:[0-9]*) ;;
  *) echo "a CUDA device is such as cuda:0, not $device" >&2; exit 2 ;;
esac
if ! command -v nvidia-smi >/dev/null || ! nvidia-smi -L >/dev/null 2>&1; then
  echo "nvidia-smi finds no device here; nothing was run" >&2
  exit 3
fi
cd "$root"
mkdir -p "$here/.work"

mvn -B -q -Dquick -DskipUi -Dort.artifact=onnxruntime_gpu -pl runners verify -Dtest=None -Dsurefire.failIfNoSpecifiedTests=false \
  -Dit.test='PlacementIT,BoundDecoderIT,HalfFormatIT,SessionMemoryIT' -Dfailsafe.failIfNoSpecifiedTests=false
echo "the tests have passed"

home=$here/.work/cuda
./postern up --role runner --device "$device" --home "$home" --port "$port" >"$home.log" 2>&1 &
trap './postern stop --home "$home" >/dev/null 2>&1 || true' EXIT
until curl -sf -o /dev/null "http://127.0.0.1:$port/ready"; do
  kill -0 $! 2>/dev/null || { tail -n 20 "$home.log" >&2; exit 1; }
  sleep 1
done
answer=$(curl -sf "http://127.0.0.1:$port/v1/chat/completions" -H "Authorization: Bearer $(cat "$home/secrets/runner-token")" \
  -d '{"model": "smollm2-135m-instruct", "temperature": 0, "max_tokens": 40, "messages": [{"role": "user", "content": "What is the capital of France?"}]}')
grep -q Paris <<<"$answer" || { echo "the runner on $device answers $answer" >&2; exit 1; }
echo "the runner on $device knows the capital of France"
./postern stop --home "$home" >/dev/null
trap - EXIT
stored=$(printf '%s\n' "${POSTERN_CACHE:-$HOME/.cache/postern}"/models/by-source/*-f16 | tail -n 1)
stored=$(dirname "$(dirname "$stored")")/$(cat "$stored")

steps=$("$(./postern --print-jdk)/bin/java" -Xmx1g --enable-native-access=ALL-UNNAMED -cp "$(printf '%s:' ops/target/postern/lib/*.jar)" \
  dev.postern.runners.engine.StepBench "$stored" "$device")
name=$(nvidia-smi --query-gpu=name --format=csv,noheader -i "${device#cuda:}")
printf '{"device": "%s", "name": "%s", "steps": %s}\n' "$device" "$name" "$steps" | tee "$here/.work/cuda.json"
python3 "$here/history.py" cuda "$here/.work/cuda.json"
