"""Products of an ONNX graph in whole numbers: int8 weights, and activations with a factor for each row.

A row is rounded by its own largest number, and sums of whole numbers are exact: so an answer depends neither on what
else is computed with it nor on how many rows there are, and windows can be encoded together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from copydesk.languages.session import MOST

#: What an activation is rounded to lies so far on either side of the middle of a byte.
_MIDDLE, _FAR = 128, 127


def rounded(weight: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """A weight (inputs, outputs) as whole numbers from -`MOST` to `MOST`, and the factor of each column: of some, the
    one of least squared error.
    """
    far = np.abs(weight).max(0) + 1e-12
    factor, least, best = far / MOST, np.full(far.shape, np.inf), np.zeros(weight.shape, np.int8)
    for share in (1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7):
        tried = far * share / MOST
        whole = np.clip(np.rint(weight / tried), -MOST, MOST)
        error = ((whole * tried - weight) ** 2).sum(0)
        better = error < least
        least, factor = np.where(better, error, least), np.where(better, tried, factor)
        best = np.where(better, whole, best).astype(np.int8)
    return best, factor.astype(np.float32)


def quantize(model: onnx.ModelProto) -> None:
    """Compute the products with constant weights in whole numbers, in place."""
    graph = model.graph
    constants = {one.name: one for one in graph.initializer}
    weights: dict[str, np.ndarray[Any, Any]] = {}
    rows: dict[str, str] = {}  # by the activations that are rounded, the name of the rows
    nodes = []
    for node in graph.node:
        weight = constants.get(node.input[1]) if node.op_type == "MatMul" else None
        if weight is None:
            nodes.append(node)
            continue
        name = f"weight{len(weights)}"
        weights[name], factor = rounded(numpy_helper.to_array(weight))
        graph.initializer.append(numpy_helper.from_array(factor, f"{name}.factor"))
        if node.input[0] not in rows:
            rows[node.input[0]] = f"rows{len(rows)}"
            nodes += _rounding(node.input[0], rows[node.input[0]])
        nodes.append(_product(rows[node.input[0]], name, node.output[0]))
    for name, value in (("far", np.float32(_FAR)), ("one", np.float32(1)), ("middle", np.uint8(_MIDDLE))):
        graph.initializer.append(numpy_helper.from_array(np.array(value), name))
    graph.initializer.extend(numpy_helper.from_array(weight, name) for name, weight in weights.items())
    _replace(graph.node, nodes)
    used = {name for node in nodes for name in node.input}
    _replace(graph.initializer, [one for one in graph.initializer if one.name in used])
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def _rounding(given: str, rows: str) -> Iterator[onnx.NodeProto]:
    """Bytes (…, width) and a factor (…, 1) for each row of activations."""
    yield helper.make_node("Abs", [given], [f"{rows}.size"])
    yield helper.make_node("ReduceMax", [f"{rows}.size"], [f"{rows}.most"], axes=[-1], keepdims=1)
    yield helper.make_node("Div", [f"{rows}.most", "far"], [f"{rows}.factor"])
    yield helper.make_node("Div", [given, f"{rows}.factor"], [f"{rows}.scaled"])
    yield helper.make_node("QuantizeLinear", [f"{rows}.scaled", "one", "middle"], [rows])


def _product(rows: str, weight: str, out: str) -> onnx.NodeProto:
    inputs = [rows, weight, f"{rows}.factor", f"{weight}.factor", "middle"]
    return helper.make_node("MatMulIntegerToFloat", inputs, [out], domain="com.microsoft")


def _replace(field: Any, values: list[Any]) -> None:
    del field[:]
    field.extend(values)
