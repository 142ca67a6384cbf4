#!/usr/bin/env bash
# For a machine with an NVIDIA device: the tests of the CUDA path, then the engine's steps there and on the processor.
#   ops/bench/cuda.sh [cuda:0]
#
# Needs the driver, CUDA 12 and cuDNN 9 where the linker finds them (LD_LIBRARY_PATH; for the wheels of PyPI: every
# nvidia/*/lib of site-packages). Appends a line to history.jsonl. Ends with 3 where there is no device.
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
root=$(cd "$here/../.." && pwd)
device=${1:-cuda:0}
model=${MODEL:-smollm2-135m-instruct}
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

stored=$(./postern model quantize "$model" --format f16 | tee /dev/stderr | sed -n 's/.*stored in \(.*\); --serve.*/\1/p')
steps() { # DEVICE
  "$(./postern --print-jdk)/bin/java" -Xmx1g --enable-native-access=ALL-UNNAMED -cp "$(printf '%s:' ops/target/postern/lib/*.jar)" \
    dev.postern.runners.engine.StepBench "$stored" "$1"
}
printf '{"device": "%s", "name": "%s", "%s": %s, "cpu": %s}\n' "$device" "$(nvidia-smi --query-gpu=name --format=csv,noheader -i "${device#cuda:}")" \
  "$device" "$(steps "$device")" "$(steps cpu)" | tee "$here/.work/cuda.json"
python3 "$here/history.py" cuda "$here/.work/cuda.json"
