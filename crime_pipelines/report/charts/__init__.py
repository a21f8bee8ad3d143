"""The charts of the report: Vega-Lite specifications, and how they become SVG."""
