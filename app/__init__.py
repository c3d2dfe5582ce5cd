"""The service: HTTP, storage, processes. It knows graders; graders do not know it. Read `grading.py` first."""
