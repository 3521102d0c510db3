"""Model files: what they say of themselves, which are known, and where they lie.

``gguf`` reads headers, ``catalog`` knows names, ``store`` fetches and keeps. Nothing here loads a
model, allocates memory for one, or knows what it will be asked.
"""
