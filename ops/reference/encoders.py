"""Writes the numbers that EncoderReferenceIT compares the import of encoders with.

For each family a tiny model of random weights is run by Hugging Face transformers' own
implementation, in 32-bit floats. The weights are those of families.py: functions of their names.

    python3 ops/reference/encoders.py runners/src/test/resources/encoders

needs torch and transformers. Nothing is fetched.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification

from families import compact, fnv, uniform

COMMON = dict(
    vocab_size=320,
    hidden_size=64,
    intermediate_size=96,
    num_hidden_layers=3,
    num_attention_heads=4,
    max_position_embeddings=64,
)
DISTIL = dict(vocab_size=320, dim=64, hidden_dim=96, n_layers=3, n_heads=4, max_position_embeddings=64)
MODERN = dict(
    **COMMON,
    local_attention=8,
    global_attn_every_n_layers=3,
    pad_token_id=0,
    cls_token_id=2,
    sep_token_id=3,
    bos_token_id=2,
    eos_token_id=3,
    reference_compile=False,
)


def labels(*names):
    return dict(id2label=dict(enumerate(names)), label2id={name: i for i, name in enumerate(names)})


MODELS = {
    "bert": ("bert", AutoModel, COMMON),
    "bert-classifier": ("bert", AutoModelForSequenceClassification, COMMON | labels("bad", "so-so", "good")),
    "xlm-roberta-reranker": (
        "xlm-roberta",
        AutoModelForSequenceClassification,
        COMMON | labels("fit") | dict(pad_token_id=1, type_vocab_size=1),
    ),
    "distilbert-classifier": ("distilbert", AutoModelForSequenceClassification, DISTIL | labels("no", "yes")),
    "modernbert": ("modernbert", AutoModel, MODERN | dict(num_hidden_layers=4)),
    "modernbert-reranker": (
        "modernbert",
        AutoModelForSequenceClassification,
        MODERN | labels("fit") | dict(classifier_pooling="mean", num_hidden_layers=4),
    ),
}
LENGTHS = (40, 17)


def weights(name, shape):
    """As in families.py, with norms known by their names' ending whatever their family calls them."""
    values = uniform(name, int(torch.tensor(shape).prod())).reshape(shape)
    if len(shape) == 1:
        norm = name.endswith("orm.weight")
        return values * 0.5 + (1 if norm else 0)
    return values * 4 / float(shape[1]) ** 0.5


@torch.no_grad()
def run(model, ids):
    output = model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long))
    return (output.logits[0] if hasattr(output, "logits") else output.last_hidden_state[0].mean(0)).numpy()


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, (model_type, kind, settings) in MODELS.items():
        config = AutoConfig.for_model(model_type, **settings)
        config._attn_implementation = "eager"
        model = kind.from_config(config, dtype=torch.float32).eval()
        state = {k: v for k, v in model.state_dict().items() if v.dtype == torch.float32}
        for tensor, value in state.items():
            value.copy_(torch.from_numpy(weights(tensor, tuple(value.shape))))
        shown = config.to_diff_dict() | {"architectures": [type(model).__name__]}
        shown |= {key: getattr(config, key) for key in ("max_position_embeddings",)}
        inputs = [[3 + fnv(f"{name} {i}") % 300 for i in range(length)] for length in LENGTHS]
        outputs = [run(model, ids) for ids in inputs]
        print(name, type(model).__name__, [round(float(x), 4) for x in outputs[0][:4]])
        fixture = {
            "transformers": transformers.__version__,
            "config": shown,
            "tensors": {tensor: list(value.shape) for tensor, value in state.items()},
            "inputs": inputs,
            "outputs": [[round(float(x), 6) for x in row] for row in outputs],
        }
        (folder / f"{name}.json").write_text(compact(json.dumps(fixture, indent=1)))


main()
