"""Makes the small ONNX files of the tests, with their manifests: pip install onnx==1.23.2 numpy; python make.py.
The files are committed; what they compute is worked out by hand in tests/small_models.rs."""

import hashlib
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

here = pathlib.Path(__file__).parent


def save(name, nodes, inputs, outputs, constants, opset=21):
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs],
        [numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    (here / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def constants(**values):
    return values


# The mean of each channel, times weights that are 8 bits by blocks of 2 with a Reshape and a Dropout in the way:
# red counts (3 - 1) * 0.5 = 1, green (5 - 1) * 0.5 = 2, blue (1 - 0) * 4 = 4.
save(
    "embedder",
    [
        helper.make_node("DequantizeLinear", ["w_q", "w_s", "w_z"], ["w_f"], axis=1, block_size=2),
        helper.make_node("Reshape", ["w_f", "w_shape"], ["w"]),
        helper.make_node("GlobalAveragePool", ["data"], ["mean"]),
        helper.make_node("Dropout", ["mean"], ["dropped"]),
        helper.make_node("Mul", ["dropped", "w"], ["weighted"]),
        helper.make_node("Flatten", ["weighted"], ["vector"]),
    ],
    [("data", [1, 3, 112, 112]), ("w_unused", [1, 3])],
    [("vector", [1, 3])],
    constants(
        w_q=np.array([[3, 5, 1]], np.int8),
        w_s=np.array([[0.5, 4.0]], np.float32),
        w_z=np.array([[1, 0]], np.int8),
        w_shape=np.array([1, 3, 1, 1], np.int64),
    ),
)

# A "face" wherever a cell of 32 pixels is blue: the mean of the first channel over 255, at obj and at cls. The box is the
# cell's middle and e^1 cells wide, the landmarks stand upright around it.
n = 400
save(
    "detector",
    [
        helper.make_node("Conv", ["input", "first"], ["blue"], kernel_shape=[1, 1], strides=[1, 1], pads=[0, 0, 0, 0], dilations=[1, 1]),
        helper.make_node("AveragePool", ["blue"], ["cells"], kernel_shape=[32, 32], strides=[32, 32]),
        helper.make_node("Reshape", ["cells", "shape"], ["cls_32"]),
        helper.make_node("Identity", ["cls_32"], ["obj_32"]),
        helper.make_node("Expand", ["box", "boxes"], ["bbox_32"]),
        helper.make_node("Expand", ["points", "pointses"], ["kps_32"]),
    ],
    [("input", [1, 3, 640, 640])],
    [("cls_32", [1, n, 1]), ("obj_32", [1, n, 1]), ("bbox_32", [1, n, 4]), ("kps_32", [1, n, 10])],
    constants(
        first=np.array([1 / 255, 0, 0], np.float32).reshape(1, 3, 1, 1),
        shape=np.array([1, n, 1], np.int64),
        box=np.array([0.5, 0.5, 1, 1], np.float32).reshape(1, 1, 4),
        boxes=np.array([1, n, 4], np.int64),
        points=np.array([0, 0, 1, 0, 0.5, 0.5, 0.1, 1, 0.9, 1], np.float32).reshape(1, 1, 10),
        pointses=np.array([1, n, 10], np.int64),
    ),
)

for name in ["embedder", "detector"]:
    manifest = here / f"{name}.toml"
    content = (here / f"{name}.onnx").read_bytes()
    lines = manifest.read_text().splitlines()
    for at, line in enumerate(lines):
        if line.startswith("sha256"):
            lines[at] = f'sha256 = "{hashlib.sha256(content).hexdigest()}"'
        if line.startswith("bytes"):
            lines[at] = f"bytes = {len(content)}"
    manifest.write_text("\n".join(lines) + "\n")
