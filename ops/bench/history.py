"""Appends one line to history.jsonl: what, commit, date, machine and medians.   history.py gateway SAMPLES | users RESULT | steps RESULT"""

import collections, datetime, json, os, statistics, subprocess, sys

kind, source = sys.argv[1:]
here = os.path.dirname(os.path.abspath(__file__))


def git(*words):
    return subprocess.run(["git", "-C", here, *words], capture_output=True, text=True).stdout.strip()


def gateway():
    rows = collections.defaultdict(list)
    for line in open(source):
        sample = json.loads(line)
        rows[sample["name"], sample["mode"], sample["what"]].append(sample)
    out = {}
    for (name, mode, what), samples in rows.items():
        keep = ("rps", "cores", "rss") if what == "max" else ("cpu_us", "p50", "p99", "failed", "rss")
        medians = {k: round(statistics.median(s[k] for s in samples), 2) for k in keep}
        out.setdefault(name, {}).setdefault(mode, {})[what] = medians
    return out


model = next((l.split(":", 1)[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), os.uname().machine)
entry = {
    "what": kind,
    "commit": git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else ""),
    "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    "machine": f"{model}, {os.cpu_count()} cores",
    "result": gateway() if kind == "gateway" else json.load(open(source)),
}
with open(os.path.join(here, "history.jsonl"), "a") as history:
    history.write(json.dumps(entry) + "\n")
print("appended to", os.path.relpath(os.path.join(here, "history.jsonl")))
