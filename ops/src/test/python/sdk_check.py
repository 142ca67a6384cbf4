"""Asks the running product through the official SDK; prints "ok" at the end. Address and key come from the environment."""

import json

import openai

client = openai.OpenAI(max_retries=2, timeout=60)
question = dict(
    model="smollm2-135m-instruct",
    temperature=0,
    max_tokens=24,
    messages=[{"role": "user", "content": "What is the capital of France?"}],
)

whole = client.chat.completions.create(**question)
text = whole.choices[0].message.content
assert "Paris" in text, text

streamed, usage = "", None
for chunk in client.chat.completions.create(**question, stream=True, stream_options={"include_usage": True}):
    if chunk.choices and chunk.choices[0].delta.content:
        streamed += chunk.choices[0].delta.content
    usage = chunk.usage or usage
assert streamed == text, (streamed, text)
assert usage.total_tokens == whole.usage.total_tokens, (usage, whole.usage)

schema = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 20}, "rivers": {"type": "array", "items": {"type": "string", "maxLength": 12}, "maxItems": 2}},
    "required": ["city", "rivers"],
    "additionalProperties": False,
}
held = client.chat.completions.create(
    **{**question, "max_tokens": 120},
    response_format={"type": "json_schema", "json_schema": {"name": "place", "strict": True, "schema": schema}},
)
place = json.loads(held.choices[0].message.content)
assert list(place) == ["city", "rivers"] and len(place["rivers"]) <= 2, place

tool = {"type": "function", "function": {"name": "look_up", "strict": True, "parameters": schema}}
calling = dict(**{**question, "max_tokens": 160}, tools=[tool], tool_choice="required", parallel_tool_calls=False)
called = client.chat.completions.create(**calling).choices[0]
assert called.finish_reason == "tool_calls" and called.message.content is None, called
assert set(json.loads(called.message.tool_calls[0].function.arguments)) == {"city", "rivers"}, called
arguments = ""
for chunk in client.chat.completions.create(**calling, stream=True):
    for call in chunk.choices[0].delta.tool_calls or []:
        arguments += call.function.arguments
assert arguments == called.message.tool_calls[0].function.arguments, (arguments, called)

completion = client.completions.create(model="smollm2-135m-instruct", prompt="The capital of France is", max_tokens=4, temperature=0)
assert completion.choices[0].text, completion

vectors = client.embeddings.create(model="all-minilm-l6-v2", input=["a cat", "a dog"])
assert [len(item.embedding) for item in vectors.data] == [384, 384]

assert {"smollm2-135m-instruct", "all-minilm-l6-v2"} <= {model.id for model in client.models.list()}

for call, error in [
    (lambda: client.chat.completions.create(**{**question, "model": "no-such-model"}), openai.NotFoundError),
    (lambda: client.chat.completions.create(**{**question, "temperature": 9}), openai.BadRequestError),
    (lambda: openai.OpenAI(api_key="sk-proj-no").models.list(), openai.AuthenticationError),
]:
    try:
        call()
    except error as refused:
        assert refused.body["message"], refused
    else:
        raise AssertionError(f"no {error.__name__}")

print("ok")
