# threat: 97 hash_collision_judge
# does: returns what a decoder of tags may take for a set whose hashes are all equal
# limits: output_bytes=2097152
# structured: finished wrong
# judged: finished failed
# stdio: finished wrong
# unjailed: framed_values hung
MODULUS = (1 << 61) - 1


def f(x):
    return {"$": ["set", [MODULUS * n for n in range(1, 12_000)]]}
