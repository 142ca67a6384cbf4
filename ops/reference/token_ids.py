"""Token ids that our tokenizers must give, from the reference implementations.

    python ops/reference/token_ids.py [--minilm FOLDER] [--gguf NAME=FILE ...]

Needs gguf, llama-cpp-python, sentencepiece and tokenizers. Reads runners/src/test/resources/tokenizers/corpus.json,
trains tiny vocabularies on it, and writes them beside it with the ids of every line:

- bytelevel.json   GPT-2's alphabet; ids by llama.cpp for each pre-tokenizer that a GGUF names
- bpe.model        SentencePiece BPE with byte fallback; ids by sentencepiece, and by llama.cpp for the same as GGUF
- unigram.model    SentencePiece unigram with its own character map; ids by sentencepiece
- wordpiece.json   BERT's; ids by tokenizers
- ids.json         all of these

--minilm adds ids of the all-MiniLM-L6-v2 tokenizer, --gguf those of a model's own, under NAME, by llama.cpp.
"""

import argparse
import json
import pathlib
import tempfile
import unicodedata

import gguf
import llama_cpp
import sentencepiece
import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).resolve().parents[2] / "runners/src/test/resources/tokenizers"
CORPUS = json.loads((HERE / "corpus.json").read_text())
CHAT = ["<|im_start|>", "<|im_end|>"]
PRE_TOKENIZERS = ["gpt-2", "smollm", "llama-bpe", "qwen2"]


def llama_cpp_ids(path, corpus=CORPUS):
    model = llama_cpp.Llama(model_path=str(path), vocab_only=True, verbose=False)
    return [model.tokenize(text.encode(), add_bos=False, special=False) for text in corpus]


def write_gguf(path, model, tokens, kinds, **more):
    out = gguf.GGUFWriter(str(path), "llama")
    out.add_tokenizer_model(model)
    out.add_token_list(tokens)
    out.add_token_types(kinds)
    if "merges" in more:
        out.add_tokenizer_pre(more["pre"])
        out.add_token_merges(more["merges"])
    if "scores" in more:
        out.add_token_scores(more["scores"])
    for key in ("add_dummy_prefix",):
        if key in more:
            out.add_add_space_prefix(more[key])
    for key in ("bos", "eos", "unk"):
        if key in more:
            getattr(out, f"add_{key}_token_id")(more[key])
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def byte_level(folder):
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=900,
        special_tokens=CHAT,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS[:-1] * 4, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    merges = [" ".join(merge) for merge in model["merges"]]
    (HERE / "bytelevel.json").write_text(json.dumps({"tokens": tokens, "merges": merges, "control": [0, 1]}))
    kinds = [gguf.TokenType.CONTROL if token in CHAT else gguf.TokenType.NORMAL for token in tokens]
    ids = {}
    for pre in PRE_TOKENIZERS:
        path = folder / f"{pre}.gguf"
        write_gguf(path, "gpt2", tokens, kinds, pre=pre, merges=merges, bos=0, eos=1)
        # Qwen's own tokenizer composes characters first, which llama.cpp leaves out.
        composed = [unicodedata.normalize("NFC", text) for text in CORPUS]
        ids[f"bytelevel {pre}"] = llama_cpp_ids(path, composed if pre == "qwen2" else CORPUS)
    return ids


def sentence_piece(folder, kind, **options):
    lines = folder / "lines.txt"
    lines.write_text("\n".join(t.replace("\n", " ").replace("\x00", "") for t in CORPUS[:-1] * 4), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(lines),
        model_prefix=str(folder / kind),
        model_type=kind,
        bos_id=1,
        eos_id=2,
        unk_id=0,
        minloglevel=2,
        **options,
    )
    target = HERE / f"{kind}.model"
    target.write_bytes((folder / f"{kind}.model").read_bytes())
    processor = sentencepiece.SentencePieceProcessor(model_file=str(target))
    return processor, [processor.encode(text) for text in CORPUS]


def sentence_piece_bpe(folder):
    processor, ids = sentence_piece(
        folder,
        "bpe",
        vocab_size=1250,
        byte_fallback=True,
        character_coverage=0.98,
        split_digits=True,
        allow_whitespace_only_pieces=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
    )
    size = processor.get_piece_size()
    kinds = []
    for i in range(size):
        kinds.append(
            gguf.TokenType.UNKNOWN if processor.is_unknown(i)
            else gguf.TokenType.CONTROL if processor.is_control(i)
            else gguf.TokenType.BYTE if processor.is_byte(i)
            else gguf.TokenType.NORMAL
        )
    path = folder / "bpe.gguf"
    write_gguf(
        path,
        "llama",
        [processor.id_to_piece(i) for i in range(size)],
        kinds,
        scores=[processor.get_score(i) for i in range(size)],
        bos=1,
        eos=2,
        unk=0,
    )
    return {"bpe.model": ids, "bpe gguf": llama_cpp_ids(path)}


def unigram(folder):
    rules = folder / "rules.tsv"
    pairs = {
        "\ufb01": "fi", "\u00bd": "1/2", "\u00b2": "2", "\u2122": "TM", "e\u0301": "\u00e9", "A\u030a": "\u00c5",
        "\u00a0": " ", "\u3000": " ", "\u200b": "",
    }
    hexes = lambda text: " ".join(f"{ord(c):X}" for c in text)
    rules.write_text("".join(f"{hexes(a)}\t{hexes(b)}\n" for a, b in pairs.items()))
    _, ids = sentence_piece(
        folder, "unigram", vocab_size=660, character_coverage=0.98, normalization_rule_tsv=str(rules)
    )
    return {"unigram.model": ids}


def word_piece():
    tokenizer = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=900, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"], show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS * 4, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.save(str(HERE / "wordpiece.json"), pretty=False)
    return {"wordpiece.json": [tokenizer.encode(text, add_special_tokens=False).ids for text in CORPUS]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minilm", type=pathlib.Path)
    parser.add_argument("--gguf", action="append", default=[])
    arguments = parser.parse_args()
    target = HERE / "ids.json"
    ids = json.loads(target.read_text()) if target.exists() else {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        ids |= byte_level(folder) | sentence_piece_bpe(folder) | unigram(folder) | word_piece()
    if arguments.minilm:
        file = next(arguments.minilm.glob("*tokenizer.json"))
        tokenizer = tokenizers.Tokenizer.from_file(str(file))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        ids["minilm"] = [tokenizer.encode(text, add_special_tokens=False).ids for text in CORPUS]
    for named in arguments.gguf:
        name, file = named.split("=", 1)
        ids[name] = llama_cpp_ids(file)
    target.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(ids.items())) + "\n}\n")


if __name__ == "__main__":
    main()
