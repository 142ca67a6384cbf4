"""Sixteen people who chat at once: output tokens per second of processor time, and the wait for the first token.

    users.py HOME         called by run; HOME is that of a running Postern. Writes $OUT.

Then the pace of four streams while somebody else's prompt of some 2,000 tokens is read: the time between their tokens then,
over the time before. Everything Postern runs is counted: gateway, runner, database. Beside it, in turns, llama.cpp's own server on its Q4_0 with a
slot for each, where LLAMA_SERVER names its program and LLAMA_QUANTIZE the one that requantises (both from a llama.cpp build).
"""
import json, os, signal, socket, statistics, subprocess, sys, tempfile, threading, time, urllib.request

USERS, TOKENS, WARM, ROUNDS = 16, 128, 4, int(os.environ.get("ROUNDS", 3))
PROMPTS = [
    "Write a short story about a lighthouse keeper.", "Explain how vaccines work to a child.",
    "Give me a recipe for lentil soup.", "What are good questions for a job interview?",
    "Summarise the plot of Romeo and Juliet.", "How do I plan a weekend in Rome?",
    "Write an email that declines an invitation.", "Why is the sky blue?",
    "List ten ideas for a school project about water.", "What is the difference between a virus and a bacterium?",
    "Describe a walk through an old forest.", "How can I sleep better?",
    "Write a product description for a wooden chair.", "What happened in the French Revolution?",
    "Explain compound interest with an example.", "Tell me about the life of bees."]


def tree(pid):
    """A process and all below it."""
    children = [c for t in os.listdir(f"/proc/{pid}/task") for c in open(f"/proc/{pid}/task/{t}/children").read().split()]
    return [pid] + [below for child in children for below in tree(child)]


def cpu_seconds(pid):
    ticks = 0
    for process in tree(pid):
        fields = open(f"/proc/{process}/stat").read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mb(pid):
    return sum(int(line.split()[1]) for process in tree(pid) for line in open(f"/proc/{process}/smaps_rollup")
               if line.startswith("Pss:")) // 1024


def chat(url, key, model, prompt, answers, most=TOKENS, arrivals=None):
    body = {"model": model, "max_tokens": most, "temperature": 0.7, "stream": True, "stream_options": {"include_usage": True},
            "messages": [{"role": "user", "content": prompt}]}
    request = urllib.request.Request(url + "/v1/chat/completions", json.dumps(body).encode(),
                                     {"Authorization": "Bearer " + key, "Content-Type": "application/json"})
    begun, first, tokens = time.time(), None, 0
    for line in urllib.request.urlopen(request, timeout=300):
        if line.startswith(b"data: {"):
            event = json.loads(line[6:])
            if event.get("choices") and event["choices"][0]["delta"].get("content"):
                first = first or time.time() - begun
                if arrivals is not None:
                    arrivals.append(time.time())
            tokens = (event.get("usage") or {}).get("completion_tokens", tokens)
    answers.append((tokens, first))


def pace(url, key, model):
    """The median and the longest twentieth of gaps between tokens, beside a long prompt over without it."""
    streams = [[] for _ in range(4)]
    threads = [threading.Thread(target=chat, args=(url, key, model, PROMPTS[i], [], 400, arrivals)) for i, arrivals in enumerate(streams)]
    [t.start() for t in threads]
    while min(map(len, streams)) < 40:
        time.sleep(0.05)
    begun = time.time()
    chat(url, key, model, "Say yes. " + " ".join(f"item {i}" for i in range(500)), [], 1)
    ended = time.time()
    [t.join() for t in threads]
    gaps = {"before": [], "beside": []}
    for arrivals in streams:
        for one, other in zip(arrivals[10:], arrivals[11:]):
            if other < begun or begun < one and other < ended:
                gaps["before" if other < begun else "beside"].append(other - one)
    before, beside = sorted(gaps["before"]), sorted(gaps["beside"])
    if len(beside) < 20:
        raise SystemExit("the long prompt was read too fast to say anything of it")
    late = lambda gaps: gaps[len(gaps) * 19 // 20]
    return {"prompt_s": round(ended - begun, 2), "gap_ms": round(statistics.median(before) * 1000, 1),
            "median_over_before": round(statistics.median(beside) / statistics.median(before), 2),
            "p95_over_before": round(late(beside) / late(before), 2)}


def crowd(pid, url, key, model, number):
    """Prompts of this round alone, so that neither side has them in its cache."""
    answers, began, cpu = [], time.time(), cpu_seconds(pid)
    threads = [threading.Thread(target=chat, args=(url, key, model, f"{number}. {prompt}", answers))
               for prompt in PROMPTS[:USERS]]
    [t.start() for t in threads]
    [t.join() for t in threads]
    cpu, wall, tokens = cpu_seconds(pid) - cpu, time.time() - began, sum(count for count, _ in answers)
    if len(answers) < USERS:
        raise SystemExit("not all users got an answer")
    return {"tokens_per_cpu_s": tokens / cpu, "tokens_per_s": tokens / wall,
            "first_token_s": statistics.median(first for _, first in answers if first is not None), "memory_mb": memory_mb(pid)}


class Llama:
    """llama.cpp's server, as long as the block lasts."""

    def __init__(self, work):
        source = os.environ["GGUF"]
        path = os.path.join(work, "q4_0.gguf")
        subprocess.run([os.environ["LLAMA_QUANTIZE"], "--allow-requantize", source, path, "q4_0"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [os.environ["LLAMA_SERVER"], "-m", path, "--host", "127.0.0.1", "--port", str(port), "-np", str(USERS), "-c", str(USERS * 512),
             "-t", str(os.cpu_count())], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            try:
                urllib.request.urlopen(self.url + "/health", timeout=1).read()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("llama.cpp's server does not come up")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def main(home):
    env = dict(line.rstrip("\n").split("=", 1) for line in open(home + "/bootstrap.env") if "=" in line and line[0] != "#")
    env = {name: value.strip("'") for name, value in env.items()}
    ours = (open(home + "/instance.lock").read().strip(), env["POSTERN_URL"], env["POSTERN_API_KEY"], env["POSTERN_MODEL"])
    runs = {"postern": []}
    with tempfile.TemporaryDirectory() as work:
        llama = Llama(work) if "LLAMA_SERVER" in os.environ else None
        sides = {"postern": ours}
        if llama:
            sides["llama.cpp q4_0"] = (str(llama.process.pid), llama.url, "none", "model")
        try:
            for side in sides.values():
                for number in range(WARM):
                    crowd(*side, number)
            for number in range(WARM, WARM + ROUNDS):
                for name, side in sides.items():
                    runs.setdefault(name, []).append(crowd(*side, number))
        finally:
            if llama:
                llama.stop()
    table = {name: {key: round(statistics.median(run[key] for run in all_), 3) for key in all_[0]} for name, all_ in runs.items()}
    if llama:
        peer = table["llama.cpp q4_0"]
        table["postern over it"] = {key: round(value / peer[key], 2) for key, value in table["postern"].items()}
    table["beside a long prompt"] = pace(*ours[1:])
    for name, row in table.items():
        print(name, row)
    json.dump(table, open(os.environ["OUT"], "w"))


if __name__ == "__main__":
    main(sys.argv[1])
