"""moderation_f1: rewards for content moderation that raise F1. Versions are `v1`, ...; see README.md."""
