"""Compares an f32 import of a GGUF file with Hugging Face transformers on the same, dequantised.

    python3 ops/reference/fidelity.py FOLDER FILE.gguf

FOLDER is what `postern model import --weights f32 FILE.gguf` made. For 20 prompts the reference
continues 128 tokens greedily; both then score prompt and continuation. Prints the largest
difference of any logit, and at how many positions the likeliest token differs, with the
reference's margin there: a tie has a margin near 0. Needs torch, transformers, gguf, onnxruntime.
"""

import json
import sys
import time
from pathlib import Path

import numpy
import onnxruntime
import torch
from transformers import AutoModelForCausalLM

CONTINUATION = 128
PROMPTS = [
    "The capital of France is",
    "Once upon a time, in a village by the sea,",
    "def fibonacci(n):\n",
    "Water boils at a temperature of",
    "Dear Sir or Madam,\n\nI am writing to",
    "1, 1, 2, 3, 5, 8,",
    "SELECT name, price FROM products WHERE",
    "Die Hauptstadt von Deutschland ist",
    "The three laws of thermodynamics state that",
    "Q: What is the difference between a frog and a toad?\nA:",
    "In 1969, astronauts",
    "<html>\n<head>\n<title>",
    "My favourite recipe for pancakes needs",
    "El perro corrió por el parque y",
    "To be, or not to be,",
    "The quick brown fox",
    "import numpy as np\n\nx = np.",
    "A list of fruits:\n- apple\n- banana\n-",
    "The patient was admitted with",
    "If all cats are animals and some animals are black, then",
]


def ours(session, ids):
    feeds = {
        "input_ids": numpy.array([ids], dtype=numpy.int64),
        "attention_mask": numpy.ones((1, len(ids)), dtype=numpy.int64),
        "num_logits_to_keep": numpy.array([len(ids)], dtype=numpy.int64),
    }
    for node in session.get_inputs():
        if node.name.startswith("past_key_values"):
            feeds[node.name] = numpy.zeros((1, node.shape[1], 0, node.shape[3]), numpy.float32)
    return session.run(["logits"], feeds)[0][0]


@torch.no_grad()
def main():
    folder, gguf = Path(sys.argv[1]), Path(sys.argv[2])
    torch.set_num_threads(1)
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    tokenizer = __import__("tokenizers").Tokenizer.from_file(str(folder / "tokenizer.json"))
    manifest = json.loads((folder / "manifest.json").read_text())
    beginning = [manifest["tokens"]["beginning"]] if manifest["tokens"]["begins"] else []
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options)
    worst, differing, positions, smallest = 0.0, [], 0, float("inf")
    start = time.time()
    for prompt in PROMPTS:
        ids = beginning + tokenizer.encode(prompt, add_special_tokens=False).ids
        generated = model.generate(
            torch.tensor([ids]),
            max_new_tokens=CONTINUATION,
            min_new_tokens=CONTINUATION,
            do_sample=False,
            eos_token_id=-1,
            pad_token_id=0,
        )[0].tolist()
        reference = model(torch.tensor([generated])).logits[0].numpy()
        actual = ours(session, generated)
        worst = max(worst, float(numpy.abs(reference - actual).max()))
        for at in range(len(ids) - 1, len(generated) - 1):
            positions += 1
            row = reference[at]
            two = numpy.partition(row, -2)[-2:]
            smallest = min(smallest, float(two[1] - two[0]))
            if actual[at].argmax() != row.argmax():
                differing.append(float(two[1] - two[0]))
        print(f"{len(generated):4} tokens, worst so far {worst:.2e}  {prompt[:40]!r}", flush=True)
    print(
        f"largest difference of a logit {worst:.2e}; likeliest token differs at {len(differing)} of"
        f" {positions} positions (reference's margins there {differing}; smallest of all"
        f" {smallest:.1e}); {time.time() - start:.0f} s"
    )


main()
