"""Signs a bundle of a capture (KTP or face) for the identity API. Python 3.9 or later, the standard library alone.

    sign.py check vectors.json
    sign.py sign --challenge answer.json --customer cus_... < bundle.json > body.json

`sign` wants the 201 answer of the challenge endpoint and a bundle without a signature, and writes the request's body.
To use it in a program, take `signature`, or read `signed_text` and write it in your language.
"""

import argparse
import base64
import hashlib
import hmac
import json
import sys


def digest(data):
    """base64url of SHA-256, without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode("ascii").rstrip("=")


def frame_times(bundle):
    """One text for each frame: its own time, or its sample's where there are as many samples as frames, or "-"."""
    frames = bundle["frames"]
    times = bundle.get("frameTimes")
    if times is None:
        samples = bundle.get("flashSamples") or []
        times = [sample["tMs"] for sample in samples] if len(samples) == len(frames) else None
    return ["-"] * len(frames) if times is None else [str(int(time)) for time in times]


def signed_text(bundle, purpose, customer_id):
    """The lines that are signed, joined by line feeds, without one at the end."""
    frames = [base64.b64decode(frame) for frame in bundle["frames"]]
    lines = [
        "identity-bundle/v1",
        purpose,
        customer_id,
        bundle["flashChallengeNonce"],
        bundle["capturedAt"],  # the text as it is sent
        str(len(frames)),
    ]
    lines += [f"{time}:{digest(frame)}" for time, frame in zip(frame_times(bundle), frames)]
    lines.append(",".join(str(int(time)) for time in bundle.get("colorTimes") or []) or "-")
    fields = bundle.get("ocrFields") or {}
    # Sorted by the bytes of UTF-8.
    ordered = sorted((key.encode("utf-8"), value.encode("utf-8")) for key, value in fields.items())
    lines.append(digest(b"".join(key + b"=" + value + b"\n" for key, value in ordered)) if ordered else "-")
    return "\n".join(lines)


def signature(bundle, purpose, customer_id, hmac_secret):
    """Lowercase hex. The key is the secret's text as it came, prefix included."""
    text = signed_text(bundle, purpose, customer_id)
    return hmac.new(hmac_secret.encode("utf-8"), text.encode("utf-8"), hashlib.sha256).hexdigest()


def check(path):
    """How many test vectors there are; ends the program at the first that comes out differently."""
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)["vectors"]
    for vector in vectors:
        text = signed_text(vector["bundle"], vector["purpose"], vector["customerId"])
        if text.split("\n") != vector["signedText"]:
            sys.exit(f"{vector['name']}: other lines are signed:\n{text}")
        made = signature(vector["bundle"], vector["purpose"], vector["customerId"], vector["hmacSecret"])
        if made != vector["signature"]:
            sys.exit(f"{vector['name']}: another signature")
    return len(vectors)


def main():
    parser = argparse.ArgumentParser(description="Signs a bundle of a capture.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check").add_argument("vectors")
    sign = commands.add_parser("sign")
    sign.add_argument("--challenge", required=True, help="the 201 answer of the challenge endpoint")
    sign.add_argument("--customer", required=True)
    arguments = parser.parse_args()
    if arguments.command == "check":
        print(f"{check(arguments.vectors)} vectors hold")
        return
    with open(arguments.challenge, encoding="utf-8") as file:
        challenge = json.load(file)["flashChallenge"]
    bundle = json.load(sys.stdin)
    bundle["signature"] = signature(bundle, challenge["purpose"], arguments.customer, challenge["hmacSecret"])
    json.dump({"customerId": arguments.customer, "bundle": bundle}, sys.stdout)


if __name__ == "__main__":
    main()
