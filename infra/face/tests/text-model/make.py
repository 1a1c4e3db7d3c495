"""Makes the small ONNX file of the tests, with its manifest's digest: pip install onnx==1.23.2 numpy; python make.py.
The file is committed. Each step of 8 pixels answers with its mean blue, green and red, and nothing for a space."""

import hashlib
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

here = pathlib.Path(__file__).parent
nodes = [
    helper.make_node("AveragePool", ["x"], ["means"], kernel_shape=[48, 8], strides=[48, 8]),
    helper.make_node("Squeeze", ["means", "height"], ["columns"]),
    helper.make_node("Transpose", ["columns"], ["steps"], perm=[0, 2, 1]),
    helper.make_node("Pad", ["steps", "pads", "none"], ["shares"]),
]
graph = helper.make_graph(
    nodes,
    "reader",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 48, "width"])],
    [helper.make_tensor_value_info("shares", TensorProto.FLOAT, [1, "steps", 4])],
    [
        numpy_helper.from_array(np.array([2], np.int64), "height"),
        numpy_helper.from_array(np.array([0, 0, 0, 0, 0, 1], np.int64), "pads"),
        numpy_helper.from_array(np.array(0, np.float32), "none"),
    ],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
helper.set_model_props(model, {"character": "A\n1"})
content = model.SerializeToString(deterministic=True)
(here / "reader.onnx").write_bytes(content)
manifest = here / "reader.toml"
lines = manifest.read_text().splitlines()
for at, line in enumerate(lines):
    if line.startswith("sha256"):
        lines[at] = f'sha256 = "{hashlib.sha256(content).hexdigest()}"'
    if line.startswith("bytes"):
        lines[at] = f"bytes = {len(content)}"
manifest.write_text("\n".join(lines) + "\n")
