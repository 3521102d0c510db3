"""What can be said of source text without running it: regions, edits and static checks.

Pure functions of text. Parsing never fails: broken code gives fewer regions, a language without a
grammar gives none. Only this package knows tree-sitter and its byte offsets; everything that
leaves it is a :class:`~ducktypist.domain.Span` of code points.
"""
