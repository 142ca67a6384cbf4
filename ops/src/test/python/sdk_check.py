"""Asks the running product through the official SDK; prints "ok" at the end. Address and key come from the environment."""

import enum
import json
import typing

import openai
import pydantic

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

# Tools: named, by the model's own choice, and streamed with nothing lost.
named = client.chat.completions.create(**{**calling, "tool_choice": {"type": "function", "function": {"name": "look_up"}}}).choices[0]
assert named.message.tool_calls[0].function.name == "look_up", named
assert set(json.loads(named.message.tool_calls[0].function.arguments)) == {"city", "rivers"}, named
free = client.chat.completions.create(**{**calling, "tool_choice": "auto", "max_tokens": 40})
for call in free.choices[0].message.tool_calls or []:
    json.loads(call.function.arguments)
none = client.chat.completions.create(**{**calling, "tool_choice": "none", "max_tokens": 24}).choices[0]
assert not none.message.tool_calls and none.message.content, none
with client.chat.completions.stream(**{key: value for key, value in calling.items()}) as stream:
    for event in stream:
        pass
    streamed_call = stream.get_final_completion().choices[0]
assert streamed_call.finish_reason == "tool_calls", streamed_call
assert streamed_call.message.tool_calls[0].id and streamed_call.message.tool_calls[0].function.arguments == arguments, streamed_call
answered = client.chat.completions.create(
    **{
        **question,
        "messages": question["messages"]
        + [
            {"role": "assistant", "content": None, "tool_calls": [called.message.tool_calls[0].model_dump()]},
            {"role": "tool", "tool_call_id": called.message.tool_calls[0].id, "content": "Paris"},
        ],
    },
    tools=[tool],
)
assert answered.choices[0].message.content or answered.choices[0].message.tool_calls, answered

# JSON: any object, and a class of the SDK's own.
anything = client.chat.completions.create(**{**question, "max_tokens": 200}, response_format={"type": "json_object"}).choices[0]
assert anything.finish_reason == "length" or isinstance(json.loads(anything.message.content), dict), anything


class Size(enum.Enum):
    small = "small"
    large = "large"


class City(pydantic.BaseModel):
    name: typing.Annotated[str, pydantic.Field(max_length=20)]
    size: Size
    people: typing.Annotated[int, pydantic.Field(ge=0, le=9999)]
    twin: typing.Optional[typing.Annotated[str, pydantic.Field(max_length=12)]]


parsed = client.beta.chat.completions.parse(**{**question, "max_tokens": 160}, response_format=City).choices[0].message
assert isinstance(parsed.parsed, City) and parsed.refusal is None, parsed

# Sampling.
two = client.chat.completions.create(**{**question, "temperature": 1, "max_tokens": 12}, n=2, seed=7, logprobs=True, top_logprobs=3)
again = client.chat.completions.create(**{**question, "temperature": 1, "max_tokens": 12}, n=2, seed=7)
assert [choice.index for choice in two.choices] == [0, 1], two
assert [c.message.content for c in two.choices] == [c.message.content for c in again.choices], (two, again)
for choice in two.choices:
    said = "".join(token.token for token in choice.logprobs.content)
    assert said == choice.message.content, (said, choice)
    assert all(token.logprob <= 0 and len(token.top_logprobs) == 3 for token in choice.logprobs.content), choice
pieces, finished = {0: "", 1: ""}, set()
for chunk in client.chat.completions.create(**{**question, "temperature": 1, "max_tokens": 12}, n=2, seed=7, stream=True):
    for choice in chunk.choices:
        pieces[choice.index] += choice.delta.content or ""
        if choice.finish_reason:
            finished.add(choice.index)
assert [pieces[0], pieces[1]] == [c.message.content for c in two.choices] and finished == {0, 1}, pieces
stopped = client.chat.completions.create(**question, stop=["Paris"]).choices[0]
assert stopped.finish_reason == "stop" and "Paris" not in stopped.message.content and text.startswith(stopped.message.content), stopped
usage = whole.usage
assert usage.completion_tokens_details.reasoning_tokens == 0 and usage.prompt_tokens_details.cached_tokens >= 0, usage

# A tier that others go before; one that this project may not have.
flexible = client.chat.completions.create(**question, service_tier="flex")
assert flexible.service_tier == "flex" and flexible.choices[0].message.content == text, flexible
assert client.chat.completions.create(**question, service_tier="priority").service_tier == "default"

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
