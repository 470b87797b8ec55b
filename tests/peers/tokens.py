# Tokens by PyJWT. Standard input: {"check": [{alg, key, token}]}; standard output: a token by each algorithm it has, with the
# JWK that made it, and the claims of those that were to be checked.
import json
import sys

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt import algorithms

ask = json.load(sys.stdin)
curves = {"ES256": ec.SECP256R1, "ES256K": ec.SECP256K1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}
answer = {"made": [], "checked": []}


def fresh(alg):
    """A key, and the same as a JWK."""
    if alg.startswith("HS"):
        key = alg.encode() * 20
        return key, algorithms.HMACAlgorithm.to_jwk(key)
    if alg[:2] in ("RS", "PS"):
        key = rsa.generate_private_key(65537, 2048)
        return key, algorithms.RSAAlgorithm.to_jwk(key)
    if alg in curves:
        key = ec.generate_private_key(curves[alg]())
        return key, algorithms.ECAlgorithm.to_jwk(key)
    key = ed25519.Ed25519PrivateKey.generate()
    return key, algorithms.OKPAlgorithm.to_jwk(key)


# ES521 is the name that older versions had for ES512; none signs nothing.
for alg in [a for a in algorithms.get_default_algorithms() if a not in ("none", "ES521")]:
    key, jwk = fresh(alg)
    token = jwt.encode({"by": "PyJWT", "alg": alg}, key, algorithm=alg)
    answer["made"].append({"alg": alg, "key": json.loads(jwk), "token": token})
for item in ask["check"]:
    key = jwt.PyJWK(item["key"], algorithm=item["alg"])
    answer["checked"].append(jwt.decode(item["token"], key, algorithms=[item["alg"]]))
json.dump(answer, sys.stdout)
