"""One command per number that the README claims. `python -m bench` runs those that need no outside data."""
