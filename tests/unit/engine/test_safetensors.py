"""The weights' file is not believed: every length and offset is checked."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engine.compile.encoder.weights import lay_out
from appliance.engine.compile.safetensors import WeightsInvalid, read_floats
from appliance.engine.encoder.layout import ALIGNMENT, params_size, tensors


def made(header: object, data: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(shape: list[int], start: int, end: int, kind: str = "F32") -> dict[str, object]:
    return {"dtype": kind, "shape": shape, "data_offsets": [start, end]}


def test_tensors_are_read() -> None:
    data = np.arange(6, dtype="<f4").tobytes()
    found = read_floats(made({"__metadata__": {}, "a": entry([2, 3], 0, 24)}, data))
    assert found["a"].tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x08\x00\x00\x00\x00\x00\x00\x00{}",
        (1 << 62).to_bytes(8, "little") + b"{}",
        made([]),
        made({"a": []}),
        made({"a": entry([2], 0, 8)}, b"1234"),
        made({"a": entry([3], 0, 8)}, bytes(8)),
        made({"a": entry([-1], 0, 4)}, bytes(8)),
        made({"a": entry([1], 4, 0)}, bytes(8)),
        made({"a": entry([1], 0, 4), "b": entry([1], 2, 6)}, bytes(8)),
        made({"a": {"dtype": 1, "shape": [1], "data_offsets": [0, 4]}}, bytes(8)),
        made({"a": entry([1] * 9, 0, 4)}, bytes(8)),
        made({"a": {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]}}, bytes(8)),
    ],
)
def test_a_file_that_lies_is_refused(content: bytes) -> None:
    with pytest.raises(WeightsInvalid):
        read_floats(content)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_with_the_one_error(content: bytes) -> None:
    with pytest.raises(WeightsInvalid):
        read_floats(content)


def test_weights_that_lack_a_tensor_are_refused() -> None:
    with pytest.raises(WeightsInvalid, match="lack"):
        lay_out({})


def test_parameters_begin_at_whole_vectors_and_do_not_overlap() -> None:
    end = 0
    for tensor in tensors():
        assert tensor.offset % ALIGNMENT == 0
        assert tensor.offset >= end
        end = tensor.offset + tensor.size
    assert end <= params_size()
