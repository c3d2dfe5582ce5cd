"""One file per wire format: JSON to `Grading.grade` and back, nothing else. No format knows another."""
