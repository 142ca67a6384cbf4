"""Tokens per second and per second of the runner's processor time, at 1 and at 8 answers at a time, through the gateway.

Called by run with the home of a running Postern; bootstrap.env's values are in the environment. Writes $OUT."""

import json, os, subprocess, sys, threading, time, urllib.request

TOKENS = 128
home = sys.argv[1]
env = dict(line.rstrip("\n").split("=", 1) for line in open(home + "/bootstrap.env") if "=" in line and line[0] != "#")
env = {name: value.strip("'") for name, value in env.items()}


def runner_pid():
    gateway = open(home + "/instance.lock").read().strip()
    for child in open(f"/proc/{gateway}/task/{gateway}/children").read().split() or children(gateway):
        if b"RunnerMain" in open(f"/proc/{child}/cmdline", "rb").read():
            return child
    raise SystemExit("no runner")


def children(pid):
    """Threads other than the first may have forked."""
    return [c for t in os.listdir(f"/proc/{pid}/task") for c in open(f"/proc/{pid}/task/{t}/children").read().split()]


def cpu_seconds(pid):
    return sum(int(open(f"/proc/{pid}/task/{t}/schedstat").read().split()[0]) for t in os.listdir(f"/proc/{pid}/task")) / 1e9


def ask(counts):
    body = {"model": env["POSTERN_MODEL"], "max_tokens": TOKENS, "temperature": 1.5, "logit_bias": {"2": -100},
            "messages": [{"role": "user", "content": "Tell a long story about the sea."}]}
    request = urllib.request.Request(env["POSTERN_URL"] + "/v1/chat/completions", json.dumps(body).encode(),
                                     {"Authorization": "Bearer " + env["POSTERN_API_KEY"]})
    counts.append(json.load(urllib.request.urlopen(request, timeout=300))["usage"]["completion_tokens"])


pid, result = runner_pid(), {}
ask([])
for rows in (1, 8):
    counts, began, cpu = [], time.time(), cpu_seconds(pid)
    threads = [threading.Thread(target=ask, args=(counts,)) for _ in range(rows)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    wall, cpu, tokens = time.time() - began, cpu_seconds(pid) - cpu, sum(counts)
    result[f"rows_{rows}"] = {"tokens": tokens, "tokens_per_s": round(tokens / wall, 1), "tokens_per_cpu_s": round(tokens / cpu, 1)}
    print(f"{rows} rows: {tokens / wall:.1f} tokens/s, {tokens / cpu:.1f} tokens per CPU-second (prompt included)")
json.dump(result, open(os.environ["OUT"], "w"))
