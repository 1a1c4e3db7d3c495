"""Reads identity.outcomes: one line of text for each outcome, whatever its type.

    python outcomes.py --brokers localhost:9092 --registry http://localhost:9464/registry

The topic holds records of several types, each with its own schema. The wire format names the schema's id, the
registry has its text, and the header ce_type says what the record means. A type that this program does not know is
passed over, so that a new one breaks nothing.
"""

import argparse
import sys

from confluent_kafka import Consumer, KafkaException
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

TOPIC = "identity.outcomes"


def verification_created(record):
    score = "-" if record["score"] is None else record["score"]
    return f"{record['verificationId']} {record['method']} {record['status']} {score}"


def face_enrolled(record):
    enrolment = record["enrolment"]
    return f"{enrolment['id']} {enrolment['source']}"


def kyc_updated(record):
    return f"{record['fromTier']} -> {record['toTier']}"


def verdict_conflicted(record):
    return record["verificationId"]


def verdict_unapplied(record):
    # Without an id where the event itself could not be read.
    return f"{record['verificationId'] or '-'} {record['cause']}"


def review_recorded(record):
    return f"{record['verificationId']} {record['toStatus']} {record['reasonCode']}"


def recheck_opened(record):
    return f"{record['recheckId']} {record['cause']}"


def recheck_settled(record):
    return f"{record['recheckId']} {record['status']} {record['how']}"


def customer_erased(record):
    return ",".join(record["purposes"])


# By ce_type, which stays while the subject stays compatible. Fields may be added; none is renamed or removed.
WHAT = {
    "identity.VerificationCreated.v1": verification_created,
    "identity.FaceEnrolled.v1": face_enrolled,
    "identity.KycUpdated.v1": kyc_updated,
    "identity.VerdictConflicted.v1": verdict_conflicted,
    "identity.VerdictUnapplied.v1": verdict_unapplied,
    "identity.ReviewRecorded.v1": review_recorded,
    "identity.FallbackRecheckOpened.v1": recheck_opened,
    "identity.FallbackRecheckSettled.v1": recheck_settled,
    "identity.CustomerErased.v1": customer_erased,
}


def line_of(message, deserialize):
    """What one message says, or None where its type is not known here."""
    headers = dict(message.headers() or [])
    kind = headers.get("ce_type", b"").decode()
    what = WHAT.get(kind)
    if what is None:
        return None
    # Without a schema of our own the record is read as it was written: new optional fields simply appear.
    record = deserialize(message.value(), SerializationContext(TOPIC, MessageField.VALUE))
    key = message.key().decode()
    return f"{headers['ce_id'].decode()}\t{kind}\t{key}\t{what(record)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", required=True, help="host:port,...")
    parser.add_argument("--registry", required=True, help="base URL, with its /registry")
    parser.add_argument("--group", default="analytics.example", help="the subscriber's name [%(default)s]")
    parser.add_argument("--max", type=int, default=0, help="end after so many outcomes [endless]")
    parser.add_argument("-X", metavar="NAME=VALUE", action="append", default=[], help="a setting of librdkafka")
    arguments = parser.parse_args()

    registry = SchemaRegistryClient({"url": arguments.registry})
    deserialize = AvroDeserializer(registry)
    consumer = Consumer(
        {
            "bootstrap.servers": arguments.brokers,
            "group.id": arguments.group,
            "auto.offset.reset": "earliest",
            # What was printed is committed, and not what was merely fetched.
            "enable.auto.commit": False,
            **dict(setting.split("=", 1) for setting in arguments.X),
        }
    )
    consumer.subscribe([TOPIC])
    seen = 0
    try:
        while not arguments.max or seen < arguments.max:
            message = consumer.poll(0.5)
            if message is None:
                continue
            if message.error():
                raise KafkaException(message.error())
            line = line_of(message, deserialize)
            if line is not None:
                print(line, flush=True)
                seen += 1
            consumer.commit(message, asynchronous=True)
    finally:
        consumer.close()


if __name__ == "__main__":
    sys.exit(main())
