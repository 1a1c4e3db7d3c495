"""Puts the golden samples of identity.outcomes into the topic: the bytes, keys and headers that the codec's own
tests hold it to. Says how many there were. For `cargo xtask subscribers`."""

import json
import pathlib
import sys

from confluent_kafka import Producer

SOURCE = "/identity/outcomes"


def headers_of(sample):
    for name, value in sample["headers"]:
        yield name, bytes.fromhex(value["hex"]) if isinstance(value, dict) else value.encode()


def main(brokers, folder):
    producer = Producer({"bootstrap.servers": brokers, "acks": "all", "partitioner": "murmur2_random"})
    failed, count = [], 0
    for described in sorted(pathlib.Path(folder).glob("*.json")):
        sample = json.loads(described.read_text())
        headers = list(headers_of(sample))
        if dict(headers).get("ce_source") != SOURCE.encode():
            continue
        producer.produce(
            "identity.outcomes",
            key=sample["key"].encode(),
            value=described.with_suffix(".bin").read_bytes(),
            headers=headers,
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
        count += 1
    left = producer.flush(30)
    if failed or left:
        sys.exit(f"{len(failed) + left} of {count} records were not confirmed")
    print(count)


if __name__ == "__main__":
    main(*sys.argv[1:])
