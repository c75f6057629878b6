"""Checks docs/vectors/keys.json with libraries that share no code with toycoin: derivation, key files, signed texts.

Usage: check.py docs/vectors/keys.json. Exit code 0 means that all of it agrees; the last line says how much.
"""

import json
import sys
import unicodedata

from argon2.low_level import Type, hash_secret_raw
from bip_utils import Bip32Slip10Secp256k1, Bip39MnemonicGenerator, Bip39MnemonicValidator, Bip39SeedGenerator
from blake3 import blake3
from coincurve import PublicKeyXOnly
from coincurve.keys import PrivateKey
from Crypto.Cipher import ChaCha20_Poly1305

# The order of secp256k1.
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

checks = 0


def agree(what, frozen, found):
    """Ends the program unless both are equal."""
    global checks
    checks += 1
    if frozen != found:
        sys.exit(f"check.py: {what}: frozen {frozen}, found {found}")


def account(words, extra_word, number):
    """Derives m/86'/1'/number'."""
    seed = Bip39SeedGenerator(words).Generate(extra_word)
    return seed, Bip32Slip10Secp256k1.FromSeed(seed).DerivePath(f"m/86'/1'/{number}'")


def owner(key):
    """Returns the x coordinate of a public key."""
    return key.PublicKey().RawCompressed().ToBytes()[1:].hex()


def secret(key):
    """Returns the number that signs: the private key, negated where the public key has odd y (BIP-340)."""
    number = int(key.PrivateKey().Raw().ToHex(), 16)
    is_odd = key.PublicKey().RawCompressed().ToBytes()[0] == 3
    return f"{ORDER - number if is_odd else number:064x}"


def check_wallet(wallet):
    words = wallet["words"]
    agree("words", words, str(Bip39MnemonicGenerator().FromEntropy(bytes.fromhex(wallet["entropy"]))))
    agree("checksum", True, Bip39MnemonicValidator().IsValid(words))
    seed, key = account(words, wallet["extra_word"], wallet["account"])
    agree("seed", wallet["seed"], seed.hex())
    xpub = key.PublicKey().ToExtended()
    agree("account_xpub", wallet["account_xpub"], xpub)
    agree("first_secret", wallet["first_secret"], secret(key.DerivePath("0/0")))
    watching = Bip32Slip10Secp256k1.FromExtendedKey(xpub)
    for branch, name in enumerate(("receive", "change")):
        agree("number of owners", 20, len(wallet[name]))
        for index, frozen in enumerate(wallet[name]):
            agree(f"owner at {branch}/{index}", frozen, owner(key.DerivePath(f"{branch}/{index}")))
            agree(f"watched owner at {branch}/{index}", frozen, owner(watching.DerivePath(f"{branch}/{index}")))


def opened(file, associated, passphrase):
    """Opens a seal, or raises ValueError."""
    kdf = file["kdf"]
    agree("kdf", "argon2id", kdf["name"])
    agree("cipher", "xchacha20poly1305", file["cipher"])
    key = hash_secret_raw(
        unicodedata.normalize("NFKD", passphrase).encode(), bytes.fromhex(kdf["salt"]), time_cost=kdf["t"],
        memory_cost=kdf["m_kib"], parallelism=kdf["p"], hash_len=32, type=Type.ID, version=0x13,
    )
    cipher = ChaCha20_Poly1305.new(key=key, nonce=bytes.fromhex(file["nonce"]))
    cipher.update(json.dumps(associated, separators=(",", ":")).encode())
    sealed = bytes.fromhex(file["sealed"])
    return cipher.decrypt_and_verify(sealed[:-16], sealed[-16:])


def check_file(case):
    file = json.loads(case["file"])
    associated = {name: value for name, value in file.items() if name not in ("sealed", "next")}
    try:
        sealed = opened(file, associated, case["passphrase"])
    except ValueError:
        sys.exit(f"check.py: the file does not open: {case['about']}")
    xpub = case["account_xpub"]
    is_private = "account_xpub" not in file
    key = Bip32Slip10Secp256k1.FromExtendedKey(xpub)
    if is_private:
        sealed, sealed_key = sealed[:-78], sealed[-78:]
        agree("chain code in the seal", key.ChainCode().ToHex(), sealed_key[13:45].hex())
        agree("key in the seal", key.PublicKey().RawCompressed().ToHex(), sealed_key[45:].hex())
    else:
        agree("account_xpub in clear", xpub, file["account_xpub"])
    agree("entropy", case["entropy"], sealed.hex())
    words = str(Bip39MnemonicGenerator().FromEntropy(sealed))
    number = int(key.Index()) & 0x7FFFFFFF
    agree("account of the words", xpub, account(words, case["extra_word"], number)[1].PublicKey().ToExtended())
    # what was changed must not open: shows that this check can fail
    try:
        opened(file, associated | {"birthday": file["birthday"] + 1}, case["passphrase"])
    except ValueError:
        agree("a changed birthday", "refused", "refused")
    else:
        sys.exit(f"check.py: a changed birthday opens: {case['about']}")


def check_message(message):
    text = message["text"].encode()
    digest = blake3(text, key=blake3(b"toycoin/1 message").digest()).digest()
    agree("hash of a text", message["hash"], digest.hex())
    signer = PrivateKey(bytes.fromhex(message["secret"]))
    agree("owner", message["owner"], signer.public_key.format()[1:].hex())
    public = PublicKeyXOnly(bytes.fromhex(message["owner"]))
    agree("signature", True, public.verify(bytes.fromhex(message["signature"]), digest))
    agree("signature of another text", False, public.verify(bytes.fromhex(message["signature"]), bytes(32)))


def main():
    with open(sys.argv[1], encoding="utf-8") as vectors:
        frozen = json.load(vectors)
    parts = {"wallets": check_wallet, "files": check_file, "messages": check_message}
    for name, check in parts.items():
        if not frozen[name]:
            sys.exit(f"check.py: there are no {name} to check")
        for case in frozen[name]:
            check(case)
    counts = ", ".join(f"{len(frozen[name])} {name}" for name in parts)
    print(f"keys: {counts}: {checks} values are as other libraries have them")


main()
