"""Pure helpers that graders share, one idea per file. What a released version uses is copied, never edited."""
