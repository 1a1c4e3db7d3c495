"""What Schemathesis cannot make up: a photo. The document's own example, and others that the server takes."""

import base64
import json
import os

import schemathesis
from hypothesis import strategies as st


def photos() -> list[str]:
    """The photo of the document's example verdict, in the spellings that the contract names."""
    with open(os.environ["IDENTITY_EXAMPLE_PHOTO"], "rb") as file:
        encoded = base64.b64encode(file.read()).decode()
    return [
        encoded,
        encoded.rstrip("="),
        "\n".join(encoded[at : at + 64] for at in range(0, len(encoded), 64)),
        f"data:image/png;base64,{encoded}",
        f"DATA:Image/JPG;name=a.jpg;BASE64,{encoded}",
    ]


schemathesis.openapi.format("photo", st.sampled_from(photos()))
