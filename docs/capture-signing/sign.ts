// Signs a bundle of a capture (KTP or face) for the identity API. Node.js 18 or later; nothing but what it brings.
//
//     npm ci && npx tsc && node build/sign.js check vectors.json
//     node build/sign.js sign --challenge answer.json --customer cus_... < bundle.json > body.json
//
// `sign` wants the 201 answer of the challenge endpoint and a bundle without a signature, and writes the request's body.
// In a browser or React Native take `signedText` and sign it with what the platform has for SHA-256 and HMAC.

import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";

/** What is signed of a bundle; whatever else it has is not. */
export interface Bundle {
  frames: string[];
  flashChallengeNonce: string;
  capturedAt: string;
  frameTimes?: number[];
  flashSamples?: { tMs: number }[];
  colorTimes?: number[];
  ocrFields?: Record<string, string>;
}

interface Vector {
  name: string;
  purpose: string;
  customerId: string;
  hmacSecret: string;
  bundle: Bundle;
  signedText: string[];
  signature: string;
}

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("base64url");
}

/** One text for each frame: its own time, or its sample's where there are as many samples as frames, or "-". */
function frameTimes(bundle: Bundle): string[] {
  const samples = bundle.flashSamples ?? [];
  const times =
    bundle.frameTimes ?? (samples.length === bundle.frames.length ? samples.map((sample) => sample.tMs) : undefined);
  return bundle.frames.map((_, at) => (times === undefined ? "-" : String(times[at])));
}

/** The line of the texts read off a card. Sorted by the bytes of UTF-8, which is not the order of JavaScript's `sort`. */
function fieldLine(fields: Record<string, string> = {}): string {
  const bytes = (text: string): Buffer => Buffer.from(text, "utf8");
  const keys = Object.keys(fields).sort((one, other) => Buffer.compare(bytes(one), bytes(other)));
  return keys.length === 0 ? "-" : digest(bytes(keys.map((key) => `${key}=${fields[key]}\n`).join("")));
}

/** The lines that are signed, joined by line feeds, without one at the end. */
export function signedText(bundle: Bundle, purpose: string, customerId: string): string {
  const times = frameTimes(bundle);
  return [
    "identity-bundle/v1",
    purpose,
    customerId,
    bundle.flashChallengeNonce,
    bundle.capturedAt, // the text as it is sent
    String(bundle.frames.length),
    ...bundle.frames.map((frame, at) => `${times[at]}:${digest(Buffer.from(frame, "base64"))}`),
    (bundle.colorTimes ?? []).join(",") || "-",
    fieldLine(bundle.ocrFields),
  ].join("\n");
}

/** Lowercase hex. The key is the secret's text as it came, prefix included. */
export function signature(bundle: Bundle, purpose: string, customerId: string, hmacSecret: string): string {
  const key = Buffer.from(hmacSecret, "utf8");
  return createHmac("sha256", key).update(signedText(bundle, purpose, customerId), "utf8").digest("hex");
}

/** How many test vectors there are; throws at the first that comes out differently. */
function check(path: string): number {
  const { vectors } = JSON.parse(readFileSync(path, "utf8")) as { vectors: Vector[] };
  for (const { name, bundle, purpose, customerId, hmacSecret, ...expected } of vectors) {
    const text = signedText(bundle, purpose, customerId);
    if (text !== expected.signedText.join("\n")) {
      throw new Error(`${name}: other lines are signed:\n${text}`);
    }
    if (signature(bundle, purpose, customerId, hmacSecret) !== expected.signature) {
      throw new Error(`${name}: another signature`);
    }
  }
  return vectors.length;
}

function main([command, ...rest]: string[]): void {
  const option = (name: string): string | undefined => rest[rest.indexOf(name) + 1];
  if (command === "check" && rest.length === 1) {
    console.log(`${check(rest[0]!)} vectors hold`);
  } else if (command === "sign" && rest.includes("--challenge") && rest.includes("--customer")) {
    const { flashChallenge } = JSON.parse(readFileSync(option("--challenge")!, "utf8"));
    const customerId = option("--customer")!;
    const bundle = JSON.parse(readFileSync(0, "utf8"));
    bundle.signature = signature(bundle, flashChallenge.purpose, customerId, flashChallenge.hmacSecret);
    process.stdout.write(JSON.stringify({ customerId, bundle }));
  } else {
    console.error("usage: sign.js check VECTORS | sign --challenge FILE --customer ID < BUNDLE");
    process.exitCode = 2;
  }
}

if (require.main === module) {
  main(process.argv.slice(2));
}
