"""One file per command group of `rft-graders`; `app/cli.py` joins them."""
