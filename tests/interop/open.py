"""Opens epoch records and claim sets with jwcrypto, which shares no code with scrubjay.

open.py FOLDER reads KEYS (private JWKs and PEM files, key-*), epochs.jsonl, agent.public.jwk and sets.txt there, and prints
one JSON object for each claim set: the claims, and what the epoch record says of itself.
"""

import json
import pathlib
import sys

from jwcrypto import jwe, jwk, jws

ALGORITHMS = ["dir", "ECDH-ES+A256KW", "RSA-OAEP-256", "A256GCM"]


def keys(folder):
    for path in sorted(folder.glob("key-*")):
        text = path.read_bytes()
        yield jwk.JWK.from_pem(text) if text.startswith(b"-----") else jwk.JWK.from_json(text.decode())


def opened(text, key):
    token = jwe.JWE(algs=ALGORITHMS)
    token.deserialize(text)
    token.decrypt(key)
    return token


def epoch_key(line, private, agent):
    token = opened(line, private)
    header = json.loads(token.objects["protected"])
    if header["cty"] != "jose":
        return header, json.loads(token.payload), False
    signed = jws.JWS()
    signed.allowed_algs = ["EdDSA"]
    signed.deserialize(token.payload.decode())
    signed.verify(agent)
    return header, json.loads(signed.payload), True


def main():
    folder = pathlib.Path(sys.argv[1])
    agent = jwk.JWK.from_json((folder / "agent.public.jwk").read_text())
    privates = list(keys(folder))
    epochs, opens = {}, {}
    for line in (folder / "epochs.jsonl").read_text().splitlines():
        count = 0
        for private in privates:
            try:
                header, key, signed = epoch_key(line, private, agent)
            except jwe.InvalidJWEData:
                continue
            count += 1
            epochs[key["kid"]] = (header, key, signed)
        opens[header["epoch"]] = count
    for text in (folder / "sets.txt").read_text().split():
        token = jwe.JWE(algs=ALGORITHMS)
        token.deserialize(text)
        header = json.loads(token.objects["protected"])
        if header["alg"] == "dir":
            record, key, signed = epochs[header["kid"]]
            plain = opened(text, jwk.JWK(kty="oct", k=key["k"])).payload
        else:
            record, key, signed = {}, {}, False
            plain = next(opened(text, p).payload for p in privates if p.thumbprint() == header["kid"])
        print(json.dumps({
            "claims": json.loads(plain)["claims"], "bytes": len(plain), "fp": header["fp"], "typ": header["typ"],
            "aud": key.get("aud"), "agent": key.get("agent"), "signed": signed, "record": record.get("aud"),
            "opened_by": opens.get(header["kid"]),
        }))


main()
