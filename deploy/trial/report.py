"""What the trial prints: a heading for each part, a line for each figure."""


def heading(text: str) -> None:
    print(f"\n== {text}", flush=True)


def say(what: str, found: str) -> None:
    print(f"{what:<28} {found}", flush=True)
