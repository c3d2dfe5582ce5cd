"""The moderation report of a run: F1, and what it takes to read it, of samples that were judged one by one.

`seen` is what is asked about, `report.answer` computes, `answers` is what comes out. Counts are sums over samples, so
the order in which they arrived changes nothing.
"""
