"""The schema's history, oldest first in `versions/`. A released migration is never edited; the next one is added.

The release before a migration keeps working on what it makes: columns are added nullable or with a default, and
dropped only a release after the last one that used them.
"""
