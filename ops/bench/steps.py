"""Our engine's steps beside llama.cpp's on the same GGUF, one thread each, in turns: tokens per CPU-second.

    python3 ops/bench/steps.py GGUF MODEL_FOLDER CLASSPATH [ROUNDS]

Needs llama-cpp-python. The file is requantised to Q4_0 and Q6_K in a folder that is deleted again, and every measurement
has a process of its own. Prints one line of JSON, and writes it to $OUT where that is set: medians of the rounds, and ours
over theirs; load_ms and memory_mb (the process's peak) are better when less. CLASSPATH is the runner's.
"""
import ctypes, json, os, statistics, subprocess, sys, tempfile, time
import llama_cpp as L

PAST, PROMPT, STEPS, ROWS = 64, 512, 40, (1, 8, 16)


def requantise(source, folder, name, kind):
    path = os.path.join(folder, name + ".gguf")
    options = L.llama_model_quantize_default_params()
    options.ftype, options.allow_requantize, options.nthread = kind, True, 2
    if L.llama_model_quantize(source.encode(), path.encode(), ctypes.byref(options)) != 0:
        raise SystemExit(f"cannot requantise to {name}")
    return path


def batch(context, rows):
    """rows: (token, position, sequence); logits of the last of each sequence."""
    made = L.llama_batch_init(len(rows), 0, 1)
    made.n_tokens = len(rows)
    for i, (token, position, sequence, wanted) in enumerate(rows):
        made.token[i], made.pos[i], made.n_seq_id[i], made.logits[i] = token, position, 1, wanted
        made.seq_id[i][0] = sequence
    begun = time.process_time()
    if L.llama_decode(context, made) != 0:
        raise SystemExit("llama.cpp refuses the batch")
    spent = time.process_time() - begun
    L.llama_batch_free(made)
    return spent


def llama(path):
    L.llama_backend_init()
    L.llama_log_set(silent, None)
    begun = time.time()
    model = L.llama_model_load_from_file(path.encode(), L.llama_model_default_params())
    options = L.llama_context_default_params()
    options.n_ctx, options.n_batch, options.n_ubatch, options.n_seq_max = 16 * 256, PROMPT, PROMPT, max(ROWS)
    options.n_threads = options.n_threads_batch = 1
    options.kv_unified = True
    context = L.llama_init_from_model(model, options)
    memory, found = L.llama_get_memory(context), {"load_ms": (time.time() - begun) * 1000}
    for count in ROWS:
        L.llama_memory_clear(memory, True)
        for row in range(count):
            batch(context, [(500 + i, i, row, i == PAST - 1) for i in range(PAST)])
        times = [batch(context, [(700, PAST + step, row, True) for row in range(count)]) for step in range(STEPS)]
        found[f"rows_{count}"] = count / statistics.median(times)
    spent = []
    for _ in range(3):
        L.llama_memory_clear(memory, True)
        spent.append(batch(context, [(500 + i, i, 0, i == PROMPT - 1) for i in range(PROMPT)]))
    found["prefill"] = PROMPT / min(spent)
    return found


def measured(command):
    """What a program's last line says, and the most memory it had."""
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            raise SystemExit(f"{command[0]} fails")
        out.seek(0)
        return json.loads(out.read().strip().splitlines()[-1]) | {"memory_mb": usage.ru_maxrss / 1024}


def ours(folder, classpath):
    java = [os.environ.get("JAVA", "java"), "-Xmx192m", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED"]
    return measured(java + ["-cp", classpath, "dev.postern.runners.engine.StepBench", folder])


def main(source, folder, classpath, rounds=3):
    with tempfile.TemporaryDirectory() as work:
        files = {"q4_0": requantise(source, work, "q4_0", L.LLAMA_FTYPE_MOSTLY_Q4_0),
                 "q6_k": requantise(source, work, "q6_k", L.LLAMA_FTYPE_MOSTLY_Q6_K), "file": source}
        runs = {name: [] for name in ("ours", *files)}
        for _ in range(int(rounds)):
            runs["ours"].append(ours(folder, classpath))
            for name, path in files.items():
                runs[name].append(measured([sys.executable, __file__, "--llama", path]))
    # What a step with an adapter for each row takes over a bare one.
    adapters = {key: round(statistics.median(run.pop(key) for run in runs["ours"]), 3)
                for key in list(runs["ours"][0]) if key.startswith("adapters_")}
    table = {name: {key: round(statistics.median(run[key] for run in all_), 1) for key in all_[0]}
             for name, all_ in runs.items()}
    over = {name: {key: round(table["ours"][key] / value, 2) for key, value in table[name].items()} for name in files}
    result = json.dumps({"steps": table, "ours_over": over, "adapters_over_bare": adapters})
    print(result)
    if "OUT" in os.environ:
        with open(os.environ["OUT"], "w") as out:
            out.write(result)


@L.llama_log_callback
def silent(level, text, data):
    pass


if __name__ == "__main__":
    if sys.argv[1] == "--llama":
        print(json.dumps(llama(sys.argv[2])))
    else:
        main(*sys.argv[1:])
