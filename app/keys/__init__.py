"""API keys: from what a request presents to the Caller who holds it.

`keyring.py` holds the keys in memory and keeps them fresh; `gate.py` asks it on every request; `secret.py` says what a
key is; `key_file.py`, `snapshot.py` and the ledger are where keys come from.
"""
