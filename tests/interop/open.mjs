// The same as open.py with Node's jose: node open.mjs FOLDER PACKAGES
import { createPrivateKey } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, packages] = process.argv.slice(2);
const jose = await import(pathToFileURL(join(packages, "jose", "dist", "webapi", "index.js")));
const read = (name) => readFileSync(join(folder, name), "utf8");
const lines = (name) => read(name).split("\n").filter((line) => line);

const only = { keyManagementAlgorithms: ["dir", "ECDH-ES+A256KW", "RSA-OAEP-256"], contentEncryptionAlgorithms: ["A256GCM"] };
const agent = await jose.importJWK(JSON.parse(read("agent.public.jwk")), "EdDSA");
const privates = readdirSync(folder).filter((name) => name.startsWith("key-")).sort().map((name) => {
  const text = read(name);
  const jwk = text.startsWith("-----") ? createPrivateKey(text).export({ format: "jwk" }) : JSON.parse(text);
  const alg = jwk.kty === "RSA" ? "RSA-OAEP-256" : "ECDH-ES+A256KW";
  return { jwk, alg };
});
for (const key of privates) {
  key.thumbprint = await jose.calculateJwkThumbprint(key.jwk);
  key.key = await jose.importJWK(key.jwk, key.alg);
}

const epochs = new Map();
const opens = new Map();
for (const line of lines("epochs.jsonl")) {
  const record = JSON.parse(line);
  for (const { key } of privates) {
    let opened;
    try {
      opened = await jose.generalDecrypt(record, key, only);
    } catch (error) {
      // Not for this key; anything else is a fault.
      if (error instanceof jose.errors.JWEDecryptionFailed) continue;
      throw error;
    }
    const header = opened.protectedHeader;
    const signed = header.cty === "jose";
    const text = new TextDecoder().decode(opened.plaintext);
    const payload = signed ? (await jose.compactVerify(text, agent, { algorithms: ["EdDSA"] })).payload : opened.plaintext;
    const jwk = JSON.parse(new TextDecoder().decode(payload));
    epochs.set(jwk.kid, { header, jwk, signed });
    opens.set(header.epoch, (opens.get(header.epoch) ?? 0) + 1);
  }
}

for (const text of lines("sets.txt")) {
  const header = jose.decodeProtectedHeader(text);
  const epoch = epochs.get(header.kid);
  const key = header.alg === "dir" ? jose.base64url.decode(epoch.jwk.k) : privates.find((p) => p.thumbprint === header.kid).key;
  const { plaintext } = await jose.compactDecrypt(text, key, only);
  console.log(JSON.stringify({
    claims: JSON.parse(new TextDecoder().decode(plaintext)).claims, bytes: plaintext.length, fp: header.fp, typ: header.typ,
    aud: epoch?.jwk.aud ?? null, agent: epoch?.jwk.agent ?? null, signed: epoch?.signed ?? false, record: epoch?.header.aud ?? null,
    opened_by: opens.get(header.kid) ?? null,
  }));
}
