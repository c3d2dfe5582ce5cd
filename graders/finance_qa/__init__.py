"""finance_qa: judges the one number that a financial question asks for. Versions are `v1`, ...; see README.md."""
