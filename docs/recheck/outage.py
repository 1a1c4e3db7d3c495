#!/usr/bin/env python3
"""An outage of Dukcapil, played on a sandbox: twenty customers fall back within an hour, and every number is checked.

    python3 docs/recheck/outage.py --data-dir data --ingest-api target/release/ingest-api

It wants a sandbox that runs on that folder and Python's standard library. It makes an org of its own, so that it can be
run again. What each step shows is told in docs/recheck.md.
"""

import argparse
import base64
import datetime
import json
import pathlib
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zlib

CUSTOMERS = 20
CONFIRMED, CONTRADICTED, WRONG, CLOSED = range(17), 17, 18, 19
# A declaration says one of six causes; here two of them take turns.
CAUSES = ["timeout", "http_5xx"]


class Api:
    """The API with one key."""

    def __init__(self, url, key):
        self.url, self.key = url, key

    def send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        headers["Prefer"] = "wait=10"
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def get(self, path):
        return self.expect(200, "GET", path)

    def post(self, path, body, status=200):
        return self.expect(status, "POST", path, body)

    def expect(self, wanted, method, path, body=None):
        status, answer = self.send(method, path, body)
        if status != wanted:
            sys.exit(f"{method} {path} answered {status}, not {wanted}: {answer}")
        return answer


def check(what, found, wanted):
    """Says what was found; ends the story where it is something else."""
    if found != wanted:
        sys.exit(f"FAILED  {what}: {found!r}, not {wanted!r}")
    print(f"ok      {what}: {found}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", default="data", help="the sandbox's folder")
    parser.add_argument("--ingest-api", default="target/release/ingest-api", help="the program")
    return parser.parse_args()


def org_of_its_own(program, folder):
    """A bank, a key that works for it, and a key of whoever closes and voids: no key may do both."""
    def orgs(*words):
        ran = subprocess.run([program, "orgs", *words, "--data-dir", folder, "--json"], check=True, stdout=subprocess.PIPE)
        return json.loads(ran.stdout)

    url = json.loads((pathlib.Path(folder) / "sandbox.json").read_text())["url"]
    made = orgs("create", "--name", "Bank Cerita", "--dukcapil-enabled")
    reviews = orgs("keys", "create", made["orgId"], "--scopes", "reviews:write,verifications:view")
    bank, reviewer = Api(url, made["apiKey"]), Api(url, reviews["apiKey"])
    for api in (bank, reviewer):
        for _ in range(100):
            if api.send("GET", "/api/auth/me")[0] == 200:
                break
            time.sleep(0.1)
    return bank, reviewer


def picture():
    """A grey PNG of 16 by 16: what a verdict needs beside its `valid`."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = (b"\0" + b"\x80" * 16) * 16
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)).decode()


def declaration(customer, place, minutes_ago):
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=minutes_ago)
    cause = CAUSES[place % len(CAUSES)]
    body = {"customerId": customer, "from": "nik_dukcapil", "cause": cause, "attempts": 3, "elapsedMs": 9000}
    body["attemptedAt"] = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if cause == "http_5xx":
        body["httpStatus"] = 503
    return body


def confirmed(customer):
    return {"customerId": customer, "valid": True, "photo": picture(), "raw": {"content": [{"NIK": "Sesuai"}]}}


RECHECKS = "/api/identity/fallback/rechecks"
WINDOWS = "/api/identity/fallback/windows"
SUMMARY = "/api/identity/fallback/summary"
VERDICT = "/api/identity/nik/dukcapil"


def counted(bank):
    """How many rechecks stand where, by the list's exact totals."""
    words = ["open", "confirmed", "contradicted", "closed", "erased"]
    return {word: bank.get(f"{RECHECKS}?status={word}&limit=1")["total"] for word in words}


def history(bank, customer):
    """The customer's tier changes, oldest first, and the tier that stands."""
    kyc = bank.get(f"/api/identity/kyc/{customer}")
    changes = [(change["fromTier"], change["toTier"], change["reason"]) for change in reversed(kyc["history"])]
    return kyc["customer"]["kycLevel"], changes


def dukcapil_is_down(bank):
    print("\nDukcapil does not answer: twenty customers fall back, one of them twice")
    customers = [bank.post("/api/customers", {"fullName": f"Nasabah {n}"}, 201)["id"] for n in range(1, CUSTOMERS + 1)]
    rechecks = []
    for place, customer in enumerate(customers):
        said = bank.post("/api/identity/fallbacks", declaration(customer, place, 80 - 3 * place), 201)
        rechecks.append(said["fallback"]["recheckId"])
    again = bank.post("/api/identity/fallbacks", declaration(customers[0], 0, 20), 201)
    check("a second failure counts for the same recheck", again["fallback"]["recheckId"] == rechecks[0], True)
    check("rechecks by status", counted(bank),
          {"open": 20, "confirmed": 0, "contradicted": 0, "closed": 0, "erased": 0})
    summary = bank.get(SUMMARY)
    check("open in the summary", (summary["open"], summary["ages"]["lt1d"]), (20, 20))
    rows = bank.get(f"{RECHECKS}?sort=oldest&limit=100")["data"]
    check("oldest first", [row["id"] for row in rows], rechecks)
    check("the oldest of the summary is the list's", summary["oldestOpenedAt"], rows[0]["openedAt"])
    check("attempts of the one that fell back twice", rows[0]["attempts"], 6)
    open_windows = bank.get(f"{WINDOWS}?open=true")["data"]
    check("outage windows that are open", [(one["failures"], one["opened"], one["to"]) for one in open_windows],
          [(21, 20, None)])
    check("the causes in it", open_windows[0]["causes"], {"timeout": 11, "http_5xx": 10})
    return customers, rechecks


def dukcapil_is_back(bank, reviewer, customers, rechecks):
    print("\nDukcapil answers again: eighteen verdicts confirm, one contradicts, one customer has left")
    verdicts = {place: bank.post(VERDICT, confirmed(customers[place])) for place in [*CONFIRMED, WRONG]}
    declined = {"customerId": customers[CONTRADICTED], "valid": False, "reason": "Data tidak ditemukan"}
    bank.post(VERDICT, declined)
    closed = reviewer.post(f"{RECHECKS}/{rechecks[CLOSED]}/close", {"reasonCode": "customer_left"})
    check("the close says who and why", (closed["reasonCode"], closed["by"].startswith("key_")), ("customer_left", True))
    check("rechecks by status", counted(bank),
          {"open": 0, "confirmed": 18, "contradicted": 1, "closed": 1, "erased": 0})
    status, answer = reviewer.send("POST", f"{RECHECKS}/{rechecks[CLOSED]}/close", {"reasonCode": "again"})
    check("what is closed is not closed again", (status, answer["code"]), (409, "recheck_not_open"))
    signals = bank.get(f"/api/identity/attempts?customerId={customers[CONTRADICTED]}")["data"][0]["signals"]
    found = [(signal["code"], signal["severity"]) for signal in signals if signal["code"] == "fallback_contradicted"]
    check("the contradiction is a signal", found, [("fallback_contradicted", "critical")])
    return verdicts


def one_was_for_somebody_else(bank, reviewer, customers, rechecks, verdicts):
    print("\nOne verdict was for somebody else: it is voided, and its recheck is open again")
    wrong = verdicts[WRONG]["verification"]["id"]
    void = reviewer.post(f"/api/identity/verifications/{wrong}/void", {"reasonCode": "wrong_customer"})
    check("the void says why", void["reasonCode"], "wrong_customer")
    check("rechecks by status", counted(bank),
          {"open": 1, "confirmed": 17, "contradicted": 1, "closed": 1, "erased": 0})
    row = bank.get(f"{RECHECKS}?status=open")["data"][0]
    check("which is open again", (row["id"], row["settledAt"], row["verificationId"]), (rechecks[WRONG], None, None))
    check("and nothing supports its tier", row["kycLevel"], "none")
    summary = bank.get(SUMMARY)
    check("open in the summary", (summary["open"], sum(summary["ages"].values())), (1, 1))
    return wrong


def what_stands(bank, customers, verdicts, wrong):
    print("\nWhat stands at the end")
    windows = bank.get(WINDOWS)
    check("outage windows", windows["total"], 1)
    window = windows["data"][0]
    counts = {name: window[name] for name in ["failures", "opened", "confirmed", "contradicted", "open", "settled"]}
    check("what it held", counts,
          {"failures": 21, "opened": 20, "confirmed": 17, "contradicted": 1, "open": 1, "settled": False})
    first = bank.get(f"/api/identity/verifications/{verdicts[0]['verification']['id']}")["createdAt"]
    check("it ended with the first verdict", window["to"], first)
    check("none is open", bank.get(f"{WINDOWS}?open=true")["total"], 0)
    verified = ("none", "standard", "automatic on nik_dukcapil verify")
    histories = [history(bank, customer) for customer in customers]
    check("seventeen were lifted once", histories[:17], [("standard", [verified])] * 17)
    check("the contradicted one's tier never moved", histories[CONTRADICTED], ("none", []))
    fell = ("standard", "none", f"voided {wrong}")
    check("the void is the one way down", histories[WRONG], ("none", [verified, fell]))
    check("the closed one's tier never moved", histories[CLOSED], ("none", []))


def main():
    given = arguments()
    bank, reviewer = org_of_its_own(given.ingest_api, given.data_dir)
    customers, rechecks = dukcapil_is_down(bank)
    verdicts = dukcapil_is_back(bank, reviewer, customers, rechecks)
    wrong = one_was_for_somebody_else(bank, reviewer, customers, rechecks, verdicts)
    what_stands(bank, customers, verdicts, wrong)
    print("\nEvery number was as told.")


if __name__ == "__main__":
    main()
