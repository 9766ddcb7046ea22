"""Scorers behind real local HTTP servers that follow each contract: what is asked for, what is made of the answers."""

from __future__ import annotations

import pickle

import pytest
from contract_servers import Behaviour, chat, served

import rewardmeter as rm
from rewardmeter.engine import score
from rewardmeter.errors import ScorerError, SpecError, UnknownNameError
from rewardmeter.io.store import Store
from rewardmeter.scoring import Run, make_scorer, signature_of
from rewardmeter.types import Item, Message, Outcome, Response

TURNS = (Message("system", "Be brief."), Message("user", "Why?"))
ITEMS = [
    Item((Response("a"), Response("bbb"), Response("")), prompt="What?"),
    Item((Response("cc"), Response("ünïcode 漢字 \ud800")), prompt=TURNS, references=("gold", "other")),
]
FLAT = [("What?", "a"), ("What?", "bbb"), ("What?", ""), (TURNS, "cc"), (TURNS, "ünïcode 漢字 \ud800")]
TURNS_AS_TEXT = "system: Be brief.\n\nuser: Why?"


def as_text(prompt) -> str:
    return prompt if isinstance(prompt, str) else TURNS_AS_TEXT


def as_chat(prompt, response) -> str:
    turns = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else [m._asdict() for m in prompt]
    return chat([*turns, {"role": "assistant", "content": response}])


PAIRED = [len(f"{as_text(p)}|{r}") - 10.5 for p, r in FLAT]
CHATTED = [len(as_chat(p, r)) - 10.5 for p, r in FLAT]
TEMPLATED = [len(f"<u>{as_text(p)}\n<a>{r}</a>") - 10.5 for p, r in FLAT]
OBJECTS = [
    len(f"{p if isinstance(p, str) else [m._asdict() for m in p]}|{r}|{['gold', 'other'] if p is TURNS else []}") - 10.5
    for p, r in FLAT
]
TEMPLATE = "template=<u>{prompt}\\n<a>{response}</a>"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("vllm:URL?model=org/reward", CHATTED),
        ("vllm:URL?model=org/reward&api=pooling", CHATTED),
        ("vllm:URL?model=org/reward&api=pooling&steps=mean", CHATTED),
        ("vllm:URL?model=org/reward&api=score", PAIRED),
        ("vllm:URL?model=org/reward&batch=2&" + TEMPLATE, TEMPLATED),
        ("vllm:URL?model=org/reward&api=pooling&" + TEMPLATE, TEMPLATED),
        ("tei:URL?model=org/reward", PAIRED),
        ("tei:URL?model=org/reward&batch=2", PAIRED),
        ("tei:URL?" + TEMPLATE, TEMPLATED),
        ("tei:URL?api=rerank&batch=2", PAIRED),
        ("openrlhf:URL?" + TEMPLATE, TEMPLATED),
        ("openrlhf:URL/get_reward?batch=1&" + TEMPLATE, TEMPLATED),
        ("json-endpoint:URL/any", OBJECTS),
        ("json-endpoint:URL/any?scores=results.*.score&batch=2", OBJECTS),
        ("json-endpoint:URL/one?scores=data.0.reward&batch=1", OBJECTS),
    ],
)
def test_every_contract_gives_the_models_raw_outputs_in_order(spec, expected):
    with served(Behaviour()) as url:
        scores = make_scorer(spec.replace("URL", url))(ITEMS)
    assert scores.values.tolist() == expected
    assert set(scores.outcomes.tolist()) == {Outcome.SCORED}
    assert scores.cost.calls > 0


def bodies(spec: str, items=ITEMS, **told):
    behaviour = Behaviour(**told)
    with served(behaviour) as url:
        make_scorer(spec.replace("URL", url))(items)
    return sorted(behaviour.seen, key=str)


def test_what_vllm_is_asked():
    one = [Item((Response("a"), Response("b")), prompt="P")]
    (first, second) = bodies("vllm:URL?model=org/reward&special_tokens=false&truncate=512", one)
    turns = [{"role": "user", "content": "P"}, {"role": "assistant", "content": "a"}]
    assert first == (
        "/classify",
        {
            "model": "org/reward",
            "messages": turns,
            "use_activation": False,
            "add_special_tokens": False,
            "truncate_prompt_tokens": 512,
        },
    )
    assert second[1]["messages"][1]["content"] == "b"
    assert bodies("vllm:URL?model=org/reward&api=score", one) == [
        ("/score", {"model": "org/reward", "text_1": "P", "text_2": ["a", "b"], "use_activation": False})
    ]
    assert bodies("vllm:URL?model=org/reward&api=pooling&template={prompt}:{response}", one) == [
        ("/pooling", {"model": "org/reward", "input": ["P:a", "P:b"], "task": "classify", "use_activation": False})
    ]


def test_what_the_others_are_asked():
    one = [Item((Response("a"), Response("b")), prompt="P", references=("R",))]
    assert bodies("tei:URL", one) == [
        ("/predict", {"inputs": [["P", "a"], ["P", "b"]], "raw_scores": True, "truncate": False})
    ]
    rerank = {"query": "P", "texts": ["a", "b"], "raw_scores": True, "truncate": True, "return_text": False}
    assert bodies("tei:URL?api=rerank&truncate=true", one) == [("/rerank", rerank)]
    assert bodies("openrlhf:URL?template={prompt}:{response}", one) == [
        ("/get_reward", {"query": ["P:a", "P:b"], "prompts": ["P", "P"], "labels": ["R", "R"]})
    ]
    both = [{"prompt": "P", "response": text, "references": ["R"]} for text in "ab"]
    assert bodies("json-endpoint:URL/x?model=m", one) == [("/x", {"model": "m", "inputs": both})]
    assert bodies("json-endpoint:URL/one?batch=1&scores=data.0.reward", one) == [("/one", one) for one in both]


def test_the_chosen_output_is_taken():
    with served(Behaviour(logits=lambda text: [1.5, -2.0, float(len(text))])) as url:
        for spec, expected in (("", "last"), ("&output=1", -2.0), ("&output=-3", 1.5)):
            values = make_scorer(f"vllm:{url}?model=org/reward&{TEMPLATE}{spec}")(ITEMS).values
            assert values.tolist() == [len(f"<u>{as_text(p)}\n<a>{r}</a>") for p, r in FLAT] or expected != "last"
            assert expected == "last" or set(values.tolist()) == {expected}
        wrong = make_scorer(f"vllm:{url}?model=org/reward&output=3")(ITEMS)
        assert set(wrong.reasons.values()) == {"the model has 3 outputs, none with index 3"}
        assert set(make_scorer(f"tei:{url}?label=LABEL_1")(ITEMS).values.tolist()) == {-2.0}
        several = make_scorer(f"tei:{url}")(ITEMS)
        assert set(several.reasons.values()) == {"say which label counts: LABEL_0, LABEL_1, LABEL_2"}


def test_steps_of_a_process_reward_model():
    with served(Behaviour(logits=lambda text: [3.0, -1.0, 4.0])) as url:
        for steps, expected in (("last", 4.0), ("min", -1.0), ("mean", 2.0)):
            assert set(make_scorer(f"vllm:{url}?api=pooling&steps={steps}")(ITEMS).values.tolist()) == {expected}

    def per_token(answer):
        for entry in answer["data"]:
            entry["data"] = [[1.0], [2.0]]
        return answer

    with served(Behaviour(spoil=per_token)) as url:
        scores = make_scorer(f"vllm:{url}?api=pooling")(ITEMS)
    assert all("steps=last" in reason for reason in scores.reasons.values())
    assert scores.coverage == 0


def test_prompts_that_are_not_there():
    item = Item((Response("a"), Response("b")))
    with served(Behaviour()) as url:
        scores = make_scorer(f"vllm:{url}?model=org/reward")([item, *ITEMS])
        assert scores.reasons == {0: "no prompt in the data", 1: "no prompt in the data"}
        assert scores.values[2:].tolist() == CHATTED
        assert make_scorer(f"json-endpoint:{url}/x")([item]).coverage == 1


def test_no_items_no_request():
    behaviour = Behaviour()
    with served(behaviour) as url:
        assert len(make_scorer(f"tei:{url}?model=org/reward")([])) == 0
    assert not behaviour.seen


def test_another_model_than_the_one_asked_for_is_an_error():
    with served(Behaviour(model="org/other")) as url:
        for spec in (f"vllm:{url}?model=org/reward", f"tei:{url}?model=org/reward"):
            with pytest.raises(ScorerError, match=r"serves 'org/other', not 'org/reward'"):
                make_scorer(spec)(ITEMS)
        assert make_scorer(f"vllm:{url}")(ITEMS).coverage == 1


def test_requests_are_under_way_side_by_side_and_no_more_than_allowed():
    import time

    def slow(text):
        time.sleep(0.02)
        return [1.0]

    items = [Item(tuple(Response(str(i)) for i in range(24)), prompt="P")]
    behaviour = Behaviour(logits=slow)
    with served(behaviour) as url:
        assert make_scorer(f"vllm:{url}?concurrency=6")(items).coverage == 1
    assert 2 <= behaviour.most_at_once <= 6


def test_forecast_counts_requests():
    scorer = make_scorer("vllm:http://localhost:1?batch=2&" + TEMPLATE)
    assert scorer.forecast(ITEMS, Run()).calls == 3
    assert make_scorer("vllm:http://localhost:1").forecast(ITEMS, Run()).calls == 5
    assert make_scorer("tei:http://localhost:1?api=rerank").forecast(ITEMS, Run()).calls == 2


def test_the_address_is_no_part_of_the_signature_but_where_nothing_else_is():
    here, there = "http://a:1", "https://b:2"
    for family, options in (
        ("vllm", "api=score"),
        ("tei", "api=rerank"),
        ("openrlhf", TEMPLATE),
        ("json-endpoint", ""),
    ):
        named = [signature_of(make_scorer(f"{family}:{url}?model=m&{options}")) for url in (here, there)]
        assert named[0] == named[1]
        assert named[0].storable
        nameless = [signature_of(make_scorer(f"{family}:{url}?{options}")) for url in (here, there)]
        assert nameless[0].fingerprint != nameless[1].fingerprint
        assert named[0].fingerprint not in {one.fingerprint for one in nameless}
    plain = signature_of(make_scorer(f"vllm:{here}?model=m")).fingerprint
    unmoved = make_scorer(f"vllm:{here}?model=m&batch=3&concurrency=1&timeout=9&api_key_env=HOME&retries=1&price=2")
    assert signature_of(unmoved).fingerprint == plain
    for option in ("output=0", "api=score", "api=pooling", "truncate=9", "special_tokens=true", "template={response}"):
        assert signature_of(make_scorer(f"vllm:{here}?model=m&{option}")).fingerprint != plain


@pytest.mark.parametrize(
    "spec",
    [
        "vllm:http://h:1?model=m&batch=4&api=pooling&template=<u>{prompt}%26{response}&output=0&steps=min&truncate=5",
        "vllm:http://h:1?special_tokens=false",
        "tei:http://h:1?model=m&timeout=5&label=good&truncate=true",
        "openrlhf:http://h:1/x?template=chat:some/tokenizer",
        "json-endpoint:https://h/x?model=m&api_key_env=MY_KEY&scores=a.0.b",
    ],
)
def test_names_make_the_scorer_again(spec):
    scorer = make_scorer(spec)
    assert make_scorer(scorer.name) == scorer == pickle.loads(pickle.dumps(scorer))
    assert scorer.name == spec


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("vllm", "write vllm:http://HOST:PORT"),
        ("vllm:localhost:8000", "is no server address"),
        ("vllm:http://h:1?api=score&template={response}", "without a template"),
        ("vllm:http://h:1?template={prompt}", r"has no \{response\}"),
        ("tei:http://h:1?api=rerank&label=x", "without template and label"),
        ("openrlhf:http://h:1", "say in which format"),
        ("json-endpoint:http://h:1?batch=0", "at least 1"),
    ],
)
def test_nonsense_is_refused_before_anything_is_sent(spec, message):
    with pytest.raises(SpecError, match=message):
        make_scorer(spec)


def test_misspelt_options_are_named():
    with pytest.raises(UnknownNameError, match="classify"):
        make_scorer("vllm:http://h:1?api=clasify")
    with pytest.raises(UnknownNameError, match="min"):
        make_scorer("vllm:http://h:1?api=pooling&steps=minimum")
    with pytest.raises(UnknownNameError, match="rerank"):
        make_scorer("tei:http://h:1?api=rank")


def test_under_the_engine_scores_are_paid_once_wherever_the_server_stands(tmp_path):
    dataset = rm.load("demo")
    behaviour = Behaviour()
    with served(behaviour) as url, Store(tmp_path / "store.sqlite") as store:
        first = score(make_scorer(f"tei:{url}?model=org/reward"), dataset, store=store)
    assert first.coverage == 1
    moved = Behaviour()
    with served(moved) as url, Store(tmp_path / "store.sqlite") as store:
        again = score(make_scorer(f"tei:{url}?model=org/reward&batch=4"), dataset, store=store)
    assert not moved.seen
    assert again.values.tobytes() == first.values.tobytes()
