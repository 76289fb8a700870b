"""YAML and JSON as text: values as kubectl reads them, positions, budgets, and documents that fail alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.origin import FileOrigin
from scanner.resource import Attrs, Items, mark
from scanner.yamltext import BadDocument, Document, TextError, YamlAttrs, documents, json_document, load_one

# What `kubectl patch --local -o json` (1.32) made of each.
KUBECTL = {
    "yes": True, "No": False, "on": True, "OFF": False, "y": True, "N": False, "TRUE": True, "~": None, "NULL": None,
    "nUll": "nUll", "010": 8, "0o10": 8, "0x1F": 31, "0b11": 3, "1_000": 1000, "22:22": "22:22",
    "2001-01-01": "2001-01-01", "1e3": 1000, "1.5e+2": 150, ".5": 0.5, "5.": 5, "+12": 12, "-0": 0, "1.0": 1,
    "09": 9, "0_8": 8, "_1": "_1", "0x": "0x", "0o9": "0o9", "-0o7": -7, "+0x1f": 31, "-010": -8, "1.5_0": 1.5,
    "e3": "e3", "1e": "1e", "190:20:30": "190:20:30", "0.1e-10": 1e-11, "1e400": "1e400",
    "123456789012345678901234567890": 1.2345678901234568e29, "18446744073709551615": 18446744073709552000.0,
    "=": "=", "<": "<", "..": "..", '"True"': "True", "! 12": "12", "!!str 12": "12", '!!int "12"': 12,
    "!!float 3": 3, '!!bool "yes"': True, "!!binary aGVsbG8=": "hello", '!!null ""': None, "!!timestamp 2001-01-01":
    "2001-01-01", "!!set {a, b}": {"a": None, "b": None},
}  # fmt: skip


def values(text: str) -> list[object]:
    """The values of all documents, with the cause in place of a bad one."""
    return [one.value if isinstance(one, Document) else one.cause for one in documents(text, "f.yaml")]


def only_bad(text: str) -> BadDocument:
    """The one bad document of a text."""
    (bad,) = documents(text, "f.yaml")
    assert isinstance(bad, BadDocument)
    return bad


@pytest.mark.parametrize(("text", "value"), KUBECTL.items())
def test_a_scalar_is_what_kubectl_reads(text: str, value: object) -> None:
    found = load_one(f"a: {text}\n", "f.yaml").value
    assert isinstance(found, Attrs)
    assert found["a"] == value
    assert type(found["a"]) is type(value) or isinstance(value, dict)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl on this machine")
def test_kubectl_still_reads_scalars_so(tmp_path) -> None:
    lines = [f"  k{index}: {text}" for index, text in enumerate(KUBECTL)]
    manifest = tmp_path / "m.yaml"
    manifest.write_text("\n".join(["apiVersion: e.com/v1", "kind: K", "metadata: {name: x}", "spec:", *lines, ""]))
    command = ["kubectl", "patch", "--local", "-f", str(manifest), "--type", "merge", "-p", "{}", "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    spec = json.loads(done.stdout, parse_int=lambda digits: int(digits) if len(digits) < 19 else float(digits))["spec"]
    # kubectl drops what is null.
    assert {text: spec.get(f"k{index}") for index, text in enumerate(KUBECTL)} == KUBECTL


@pytest.mark.parametrize("text", [".inf", "-.Inf", ".nan"])
def test_what_json_cannot_hold_is_refused(text: str) -> None:
    assert "has no JSON form" in only_bad(f"a: {text}\n").cause


def test_keys_become_text() -> None:
    assert values("yes: 1\n1: 2\n1.5: 3\n010: 5\n2001-01-01: 6\n1e3: 9\nn: 0\n") == [
        {"true": 1, "1": 2, "1.5": 3, "8": 5, "2001-01-01": 6, "1000": 9, "false": 0}
    ]


@pytest.mark.parametrize("text", ["~: 1\n", "? [a, b]\n: 1\n", "a: {{ .Values.x }}\n"])
def test_a_key_that_is_no_scalar_is_refused(text: str) -> None:
    assert "a key must be" in only_bad(text).cause


def test_the_source_of_a_plain_scalar_that_is_no_string_is_kept() -> None:
    value = load_one('namespace: y\nname: x\nport: "80"\nargs: [--port, 8000]\n', "f.yaml").value
    assert isinstance(value, YamlAttrs)
    assert value.texts == {"namespace": "y"}
    assert value["args"].texts == {1: "8000"}


def test_values_have_positions() -> None:
    text = textwrap.dedent("""\
        # a comment
        metadata:
          name: "é"  # two bytes, one column
        list:
        - a
        - {b: c}
        """)
    value = load_one(text, "k/f.yaml").value
    assert mark(value, "metadata", "name") == FileOrigin("k/f.yaml", 3, 9, 3, 12)
    assert mark(value, "metadata") == FileOrigin("k/f.yaml", 3, 3, 3, 12)
    assert mark(value, "list", 1) == FileOrigin("k/f.yaml", 6, 3, 6, 9)
    assert mark(value, "list", 1, "b") == FileOrigin("k/f.yaml", 6, 7, 6, 8)


@pytest.mark.parametrize("odd", ["\x85", "\u2028", "\r"])
def test_line_ends_that_editors_do_not_count_do_not_shift_lines(odd: str) -> None:
    value = load_one(f'a: "x{odd}y"\nb: 1\n', "f").value
    assert mark(value, "b") == FileOrigin("f", 2, 4, 2, 5)


def test_documents_keep_the_lines_of_their_file() -> None:
    text = "# head\n---\n---\na: 1\n--- # why\nb: |\n  text\n  ---\n...\n%YAML 1.1\n# c\n---\nc: 3\n---\n"
    found = list(documents(text, "f"))
    assert [(one.value, one.origin.line) for one in found if isinstance(one, Document)] == [
        ({"a": 1}, 4),
        ({"b": "text\n---\n"}, 6),
        ({"c": 3}, 13),
    ]
    assert [(one.first_line, one.last_line) for one in found] == [(3, 4), (5, 9), (10, 13)]


def test_a_bad_document_loses_only_itself() -> None:
    good, bad, last = documents("a: 1\n---\nb: [1,\n---\nc: 1\n", "f")
    assert isinstance(good, Document)
    assert isinstance(last, Document)
    assert isinstance(bad, BadDocument)
    assert bad.origin == FileOrigin("f", 3, 6)


@pytest.mark.parametrize(
    ("text", "cause", "line", "column"),
    [
        ("a: 1\nb: 2\na: 3\n", "the key `a` stands twice", 3, 1),
        ('yes: 1\n"true": 3\n', "the key `true` stands twice", 2, 1),
        ("a: !Ref b\n", "the tag `!Ref` is not known", 1, 4),
        ("a: !!python/object:os.system {}\n", "the tag `!!python/object:os.system` is not known", 1, 4),
        ("a: !vault [x]\n", "the tag `!vault` is not known", 1, 4),
        ("a: &x [*x]\n", "the anchor `x` stands inside itself", 1, 8),
        ("a: *x\n", "not defined above", 1, 4),
        ("a: \x07\n", "the control character U+0007 is not allowed", 1, 4),
        ("a: &x [1]\nb: {<<: *x}\n", "merges something that is no mapping", 2, 5),
        ("a: &x {p: 1}\nb: {p: 2, <<: *x}\n", "tools disagree", 2, 11),
        ('a: !!int "12x"\n', "`12x` is no `!!int`", 1, 4),
        ("a: \t- 1\n\tb: 1\n", "not valid YAML", 1, 5),
    ],
)
def test_what_is_refused_and_where(text: str, cause: str, line: int, column: int) -> None:
    bad = only_bad(text)
    assert cause in bad.cause
    assert (bad.origin.line, bad.origin.column) == (line, column)


def test_merge_keys_as_kubectl_reads_them() -> None:
    text = "a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\nd: {<<: [*x, {r: 1, p: 9}]}\n"
    (value,) = values(text)
    assert value["b"] == {"p": 1, "q": 3}
    assert value["d"] == {"p": 1, "q": 2, "r": 1}


def test_alias_bombs_end() -> None:
    lists = ["a0: &a0 [x]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 40))]
    assert "aliases stand for more than" in only_bad("\n".join(lists)).cause
    merges = ["a0: &a0 {x: 1}", *(f"a{i}: &a{i} {{k{i}: 1, <<: [*a{i - 1}, *a{i - 1}]}}" for i in range(1, 90))]
    assert "aliases stand for more than" in only_bad("\n".join(merges)).cause
    deep = ["a0: &a0 [x]", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 300))]
    assert "nest deeper" in only_bad("\n".join(deep)).cause


@pytest.mark.parametrize("text", ["- " * 60_000, "[" * 60_000, "{a: " * 60_000, "? " * 60_000])
def test_deep_nesting_ends(text: str) -> None:
    assert only_bad(text).cause


def test_the_budget_is_one_for_the_file() -> None:
    wide = "a: &a [" + "x, " * 1000 + "]\nb: [" + "*a, " * 600 + "]\n"
    assert [isinstance(one, Document) for one in documents(f"{wide}---\n{wide}", "f")] == [True, False]


def test_load_one_wants_one() -> None:
    for text in ("", "# only\n", "a: 1\n---\nb: 1\n", "a: ["):
        with pytest.raises(TextError):
            load_one(text, "f.yaml")


def test_importing_does_not_import_yaml() -> None:
    code = "import sys, scanner.yamltext as y; y.json_document('[]', 'f'); sys.exit('yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("text", "cause", "line", "column"),
    [
        ('{"a": 1,\n "a": 2}', "the key `a` stands twice", 2, 2),
        ('{"a": NaN}', "no JSON value starts here", 1, 7),
        ('{"a": 1,}', "a key in double quotes is missing", 1, 9),
        ("[1 2]", "a comma or `]` is missing", 1, 4),
        ("[1,]", "a value is missing", 1, 4),
        ("[", "a value is missing", 1, 2),
        ("", "a value is missing", 1, 1),
        ("{} x", "there is more text after the value", 1, 4),
        ("// no\n{}", "no JSON value starts here", 1, 1),
        ("01", "there is more text after the value", 1, 2),
        ('"a\nb"', "not a JSON string", 1, 3),
        ('"\\q"', "not a JSON string", 1, 2),
        ("1e999", "too large", 1, 1),
        ("[" * 5000, "nested deeper", 1, 201),
        ("{'a': 1}", "a key in double quotes is missing", 1, 2),
    ],
)
def test_json_is_strict(text: str, cause: str, line: int, column: int) -> None:
    with pytest.raises(TextError) as raised:
        json_document(text, "f.json")
    assert cause in raised.value.cause
    assert (raised.value.origin.line, raised.value.origin.column) == (line, column)


def test_json_that_yaml_would_read_otherwise() -> None:
    text = '\ufeff{"a":"\\/x\\u00e9\\ud83d\\ude00",\t"yes":"on", "n": 1.0, "e": [],\n"o": {"k": {}}}'
    document = json_document(text, "f.json")
    assert document.value == {"a": "/xé😀", "yes": "on", "n": 1.0, "e": [], "o": {"k": {}}}
    assert mark(document.value, "o", "k") == FileOrigin("f.json", 2, 12, 2, 14)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(json_values, st.sampled_from([None, 1]))
def test_json_reads_what_json_writes(value: object, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=indent is None)
    read = json_document(text, "f").value
    assert read == value or "\\ud" in text  # a lone surrogate becomes U+FFFD


FRAGMENTS = st.sampled_from(
    ["a: ", "- ", "? ", ": ", "\n", "---\n", "...\n", "%YAML 1.1\n", "&a ", "*a", "<<: ", "{", "}", "[", "]", ", ", "'",
     '"', "|\n", ">\n", "!t ", "!!int ", "  ", "\t", "#", "x", "1", "yes", "é", "\ufeff", "\r\n", "\u2028", "{{ .V }}",
     "\\", "\x00"]
)  # fmt: skip
yaml_texts = st.text() | st.lists(FRAGMENTS, max_size=40).map("".join)


@given(yaml_texts)
def test_no_text_raises_and_every_position_is_inside(text: str) -> None:
    lines = text.count("\n") + 1
    for one in documents(text, "f"):
        assert 1 <= one.origin.line <= lines
        assert one.origin.column >= 1
        assert 1 <= one.first_line <= one.last_line <= lines


@given(yaml_texts)
def test_no_text_raises_as_json(text: str) -> None:
    try:
        json_document(text, "f")
    except TextError as error:
        assert error.cause


@given(
    st.lists(st.lists(FRAGMENTS.filter(lambda f: f not in ("---\n", "...\n", "%YAML 1.1\n", "\ufeff"))).map("".join))
)
def test_splitting_a_stream_into_files_changes_only_origins(parts: list[str]) -> None:
    parts = [f"---\n{part}\n" for part in parts]

    def shapes(texts: list[str]) -> list[object]:
        found = [one for text in texts for one in documents(text, "f")]
        return [one.value if isinstance(one, Document) else one.cause for one in found]

    assert shapes(["".join(parts)]) == shapes(parts)


@given(json_values)
def test_json_text_read_as_yaml_is_the_same_where_it_is_yaml(value: object) -> None:
    text = json.dumps(value)
    for one in documents(text, "f"):
        if isinstance(one, Document):
            assert isinstance(one.value, Attrs | Items) or one.value == value
