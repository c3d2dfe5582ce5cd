"""Numbers over many predictions: F1 with its intervals, and the comparison of two systems. Metrics, never rewards.

Pure: it knows nothing of the service. `f1.evaluate` and `comparison.compare` take what `requests` describes and return
what `answers` describes.
"""
