"""Writes the numbers that AdapterReferenceIT compares LoRA adapters with.

The tiny models of families.py with adapters made, applied and saved by PEFT itself, in 32-bit
floats. No weights are kept: a tensor of an adapter is a function of the adapter's number and the
tensor's name. A fixture is, for each adapter, the adapter_config.json, names and shapes of the
saved tensors, and the greedy continuation of the prompt.

    python3 ops/reference/adapters.py runners/src/test/resources/adapters

needs torch, transformers and peft. Nothing is fetched.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy
import torch
from families import CONTINUATION, MODELS, build, compact, prompt, uniform
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file

ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

# By name of the model: the arguments of LoraConfig.
ADAPTERS = {
    "llama2": [
        dict(r=8, lora_alpha=16, target_modules=["q_proj", "v_proj"]),
        dict(r=3, lora_alpha=8, target_modules=ALL),
        dict(r=16, lora_alpha=4, use_rslora=True, target_modules=["k_proj", "o_proj", "down_proj"]),
        dict(
            r=4,
            lora_alpha=8,
            target_modules=ALL,
            layers_to_transform=[0, 2],
            rank_pattern={"layers.2.self_attn.q_proj": 9},
            alpha_pattern={"up_proj": 20},
        ),
    ],
    "phi3": [
        dict(r=4, lora_alpha=8, target_modules=["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]),
    ],
    "gemma3": [dict(r=8, lora_alpha=16, target_modules=ALL)],
}


def fill(name, number, shape):
    """Of a size that changes the answer and does not drown it."""
    values = uniform(f"adapter {number} {name}", int(numpy.prod(shape))).reshape(shape)
    return torch.from_numpy(values / numpy.float32(numpy.sqrt(numpy.float32(shape[1]))) * 4)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, adapters in ADAPTERS.items():
        fixtures = []
        for number, arguments in enumerate(adapters):
            adapted = get_peft_model(build(*MODELS[name])[1], LoraConfig(task_type="CAUSAL_LM", **arguments))
            with tempfile.TemporaryDirectory() as saved:
                adapted.save_pretrained(saved)
                tensors = load_file(Path(saved) / "adapter_model.safetensors")
                config = json.loads((Path(saved) / "adapter_config.json").read_text())
            shapes = {tensor: list(tensors[tensor].shape) for tensor in sorted(tensors)}
            state = adapted.state_dict()
            for tensor, shape in shapes.items():
                key = tensor.replace(".weight", ".default.weight")
                state[key].copy_(fill(tensor, number, shape))
            adapted.eval()
            ids = torch.tensor([prompt()])
            with torch.no_grad():
                greedy = []
                for _ in range(CONTINUATION):
                    token = int(adapted(input_ids=ids).logits[0, -1].argmax())
                    greedy.append(token)
                    ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
            config["base_model_name_or_path"] = name
            fixtures.append(dict(config=config, tensors=shapes, greedy=greedy))
        (folder / f"{name}.json").write_text(compact(json.dumps(fixtures, indent=1)))
        print(name, [fixture["greedy"] for fixture in fixtures])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
