"""Plain text set in columns."""
