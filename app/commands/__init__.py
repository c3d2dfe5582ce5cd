"""One file per command group of `rft-graders`; `group.py` lists them."""
