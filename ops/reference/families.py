"""Writes the numbers that FamilyReferenceIT compares the importer with.

For each family a tiny model of random weights is run by Hugging Face transformers' own
implementation, in 32-bit floats. No weights are kept: each tensor is a function of its name
(`weights` below, repeated in Java by TinyWeights), so a fixture is the config.json, the ids that
went in, the logits that came out and the greedy continuation.

    python3 ops/reference/families.py runners/src/test/resources/families

needs torch and transformers. Nothing is fetched.
"""

import json
import sys
from pathlib import Path

import numpy
import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

PROMPT = 40
CONTINUATION = 16
MASK = (1 << 64) - 1
COMMON = dict(
    vocab_size=320,
    hidden_size=64,
    intermediate_size=96,
    num_hidden_layers=3,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=16,
    max_position_embeddings=128,
    bos_token_id=1,
    eos_token_id=2,
    pad_token_id=0,
    tie_word_embeddings=False,
)


def rope(theta=10_000.0, **more):
    return {"rope_parameters": {"rope_type": "default", "rope_theta": theta, **more}}


# By name of the fixture: model_type and what differs from COMMON.
MODELS = {
    "llama2": ("llama", rope()),
    "llama3": (
        "llama",
        {
            **rope(
                500_000.0,
                rope_type="llama3",
                factor=8.0,
                low_freq_factor=1.0,
                high_freq_factor=4.0,
                original_max_position_embeddings=32,
            ),
            "tie_word_embeddings": True,
        },
    ),
    "llama-linear": ("llama", rope(rope_type="linear", factor=4.0)),
    "smollm3": ("smollm3", {**rope(2_000_000.0), "num_hidden_layers": 4}),
    "mistral": ("mistral", {**rope(), "sliding_window": 8}),
    "qwen2": ("qwen2", rope(1_000_000.0)),
    "qwen2.5-yarn": (
        "qwen2",
        rope(
            1_000_000.0, rope_type="yarn", factor=4.0, original_max_position_embeddings=32
        ),
    ),
    "qwen3": ("qwen3", {**rope(1_000_000.0), "head_dim": 32, "tie_word_embeddings": True}),
    "gemma": (
        "gemma",
        {**rope(), "head_dim": 32, "num_key_value_heads": 1, "tie_word_embeddings": True},
    ),
    "gemma2": (
        "gemma2",
        {
            **rope(),
            "sliding_window": 8,
            "query_pre_attn_scalar": 24,
            "attn_logit_softcapping": 2.0,
            "final_logit_softcapping": 1.5,
            "tie_word_embeddings": True,
        },
    ),
    "gemma3": (
        "gemma3_text",
        {
            "rope_parameters": {
                "sliding_attention": {"rope_type": "default", "rope_theta": 10_000.0},
                "full_attention": {
                    "rope_type": "linear",
                    "factor": 8.0,
                    "rope_theta": 1_000_000.0,
                },
            },
            "num_hidden_layers": 6,
            "sliding_window": 8,
            "query_pre_attn_scalar": 24,
            "tie_word_embeddings": True,
        },
    ),
    "phi3": ("phi3", {**rope(), "sliding_window": 9}),
    "phi3-long": (
        "phi3",
        {
            **rope(
                rope_type="longrope",
                short_factor=[1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7],
                long_factor=[4.0] * 8,
                original_max_position_embeddings=64,
            ),
            "original_max_position_embeddings": 64,
        },
    ),
    "phi4-mini": (
        "phi3",
        {
            **rope(partial_rotary_factor=0.5),
            "head_dim": 32,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "partial_rotary_factor": 0.5,
        },
    ),
}


def fnv(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def uniform(name, count):
    """Numbers in [-0.5, 0.5): SplitMix64 seeded with the FNV-1a of the name, upper 24 bits."""
    with numpy.errstate(over="ignore"):
        steps = numpy.arange(1, count + 1, dtype=numpy.uint64)
        z = numpy.uint64(fnv(name)) + steps * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        z = z ^ (z >> numpy.uint64(31))
    return (z >> numpy.uint64(40)).astype(numpy.float32) / numpy.float32(1 << 24) - numpy.float32(
        0.5
    )


def weights(name, shape, norms_from_one):
    """A norm's weights lie around 1 (or 0 where 1 is added), others by the size of their input."""
    values = uniform(name, int(numpy.prod(shape))).reshape(shape)
    if name.endswith("norm.weight"):
        return values * numpy.float32(0.5) + numpy.float32(0 if norms_from_one else 1)
    if len(shape) == 1:
        return values * numpy.float32(0.5)
    return values * numpy.float32(4) / numpy.float32(numpy.sqrt(numpy.float32(shape[1])))


def prompt():
    return [3 + fnv(f"token {i}") % 317 for i in range(PROMPT)]


def build(model_type, settings):
    config = AutoConfig.for_model(model_type, **{**COMMON, **settings})
    config._attn_implementation = "eager"
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    state = model.state_dict()
    for name, tensor in state.items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        value = weights(name, tuple(tensor.shape), model_type.startswith("gemma"))
        tensor.copy_(torch.from_numpy(value))
    return config, model


@torch.no_grad()
def run(model):
    ids = prompt()
    rows = []
    while len(ids) < PROMPT + CONTINUATION:
        logits = model(torch.tensor([ids]), use_cache=False).logits[0]
        rows.append(logits[-1].numpy())
        ids.append(int(logits[-1].argmax()))
    top = numpy.sort(numpy.stack(rows), axis=1)
    margin = float((top[:, -1] - top[:, -2]).min())
    return rows[0], rows[-1], ids, margin


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, (model_type, settings) in MODELS.items():
        config, model = build(model_type, settings)
        first, last, ids, margin = run(model)
        shown = config.to_diff_dict()
        shown.pop("transformers_version", None)
        shown["architectures"] = [type(model).__name__]
        fixture = {
            "transformers": transformers.__version__,
            "config": shown,
            "tensors": {
                tensor: list(value.shape)
                for tensor, value in model.state_dict().items()
                if not (tensor == "lm_head.weight" and config.tie_word_embeddings)
            },
            "prompt": ids[:PROMPT],
            "greedy": ids[PROMPT:],
            "first_logits": [round(float(x), 6) for x in first],
            "last_logits": [round(float(x), 6) for x in last],
        }
        print(f"{name:14} margin {margin:.4f} logits {float(first.std()):.3f} greedy {ids[PROMPT:PROMPT + 6]}")
        text = json.dumps(fixture, indent=1)
        (folder / f"{name}.json").write_text(compact(text))


def compact(text):
    """One line for each list of numbers."""
    import re

    return re.sub(r"\[[^\[\]{}]*\]", lambda m: re.sub(r"\s+", " ", m.group()), text) + "\n"


if __name__ == "__main__":
    main()
