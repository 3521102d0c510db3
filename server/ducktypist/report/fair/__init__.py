"""The fair bench's report: values, charts, the page, and charts as files of their own.

It knows nothing of result files: what is shown comes as values, made by ``bench.fair.reporting``.
Import from the modules; this one stays empty.
"""
