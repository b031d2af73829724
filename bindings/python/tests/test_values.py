"""Values between host and session: texts, JSON, bytes, and buffers that are not copied."""

from __future__ import annotations

import array
import gc
from ctypes import addressof, create_string_buffer

import pytest

import capsule
from capsule import _generated as raw
from capsule import _generated_records as records


@pytest.mark.parametrize(
    "value", ["text", "", "a\0b", "\U0001f600", None, True, 12, -(2**63), 1.5, [1, [2]], {"a": {"b": []}}], ids=repr
)
def test_what_goes_in_comes_out(session: capsule.Session, value: object) -> None:
    session.set("x", value)
    assert session.get("x") == value
    assert session.run("repr(x)").value == repr(value)


def test_bytes_and_buffers(session: capsule.Session) -> None:
    numbers = array.array("d", [1.0, 2.5, 3.0])
    session.update({"raw": b"\0\xff", "numbers": numbers, "slice": memoryview(bytes(range(10)))[::2]})
    assert session.run("type(raw).__name__, numbers.tolist(), numbers.format, bytes(slice)").repr == (
        "('bytes', [1.0, 2.5, 3.0], 'd', b'\\x00\\x02\\x04\\x06\\x08')"
    )
    view = session.get("numbers")
    assert isinstance(view, memoryview) and view.readonly and (view.format, view.tolist()) == ("d", [1.0, 2.5, 3.0])
    session.run("import array; two = memoryview(array.array('i', range(6))).cast('B').cast('i', (2, 3))")
    two = session.get("two")
    session.close()
    gc.collect()
    assert two.shape == (2, 3) and two.tolist() == [[0, 1, 2], [3, 4, 5]], "it lives as long as it is looked at"
    assert bytes(session_value(view)) == numbers.tobytes()


def session_value(view: memoryview) -> memoryview:
    return view.cast("B")


def test_a_result_as_a_value(session: capsule.Session) -> None:
    source = "import array; array.array('q', [1, 2, 3])"
    result = session.run(source, result_kind=capsule.ValueKind.BUFFER)
    view = result.value
    del result
    gc.collect()
    assert view.tolist() == [1, 2, 3]
    assert session.run("b'ab'", result_kind=capsule.ValueKind.BYTES).value == b"ab"
    refused = session.run("object()", result_kind=capsule.ValueKind.JSON).end
    assert isinstance(refused, capsule.Result) and refused.value_status is capsule.Status.TYPE and refused.value_message


def test_a_buffer_filled_in_place(session: capsule.Session) -> None:
    buffer = capsule.Buffer(1 << 20)
    buffer.data[:4] = b"abcd"
    session.set("shared", buffer)
    assert session.run("bytes(shared[:4]), len(shared)").repr == "(b'abcd', 1048576)"
    data = buffer.data
    del buffer
    gc.collect()
    assert bytes(data[:4]) == b"abcd"


def test_inputs_of_an_execution(session: capsule.Session) -> None:
    result = session.run("len(blob), text, number", inputs={"blob": b"x" * 100_000, "text": "t", "number": 1})
    assert result.repr == "(100000, 't', 1)"


def test_names(session: capsule.Session) -> None:
    session.run("def f(): pass\nx = 1\nimport os")
    assert [(name.name, name.kind.name) for name in session.names()] == [("f", "FUNCTION"), ("x", "VALUE"), ("os", "MODULE")]
    session.delete("x")
    with pytest.raises(capsule.NameNotFoundError, match="x"):
        session.get("x")
    with pytest.raises(LookupError):
        session.set("f", 1, strategy=capsule.SetStrategy.CONFLICT)
    session.set("f", 1, strategy=capsule.SetStrategy.KEEP)


def test_what_cannot_be_sent(session: capsule.Session) -> None:
    with pytest.raises(TypeError):
        session.set("x", {1, 2})
    with pytest.raises(capsule.ArgumentError):
        session.set("x", float("nan"))
    with pytest.raises(capsule.ArgumentError):
        session.set("x", 2**64)
    with pytest.raises(capsule.ArgumentError, match="UTF-8"):
        session.set("x", "\ud800")
    with pytest.raises(ValueError, match="BUFFER"):
        session.set("x", 1, kind=capsule.ValueKind.REPR)


def test_structs_within_structs_are_records_within_records() -> None:
    shown = create_string_buffer("größer".encode())
    row, metrics = raw.capsule_namespace_row(), raw.capsule_transport_metrics()
    row.name.text.data, row.name.text.size, row.name.full_bytes, row.name.form = addressof(shown), 8, 20, raw.CAPSULE_LABEL_NAME
    metrics.received.messages[3] = 7
    name = records.NamespaceRow.from_raw(row).name
    shown[0] = b"x"
    assert name == records.Label(text="größer", full_bytes=20, form=records.LabelForm.NAME)
    flows = records.TransportMetrics.from_raw(metrics)
    assert (flows.sent.messages[3], flows.received.messages[3]) == (0, 7)
