"""Shares in words."""


def percent(share: float, decimals: int = 0) -> str:
    """`share` of 1 as a percentage; what is neither nothing nor all is not rounded to it: `<1%`, `>99.9%`."""
    shown = f"{share:.{decimals}%}"
    if share > 0 and float(shown[:-1]) == 0:
        return f"<{10**-decimals:.{decimals}f}%"
    if share < 1 and float(shown[:-1]) == 100:
        return f">{100 - 10**-decimals:.{decimals}f}%"
    return shown
