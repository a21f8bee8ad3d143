"""The Cloud Run functions: what starts runs, loads them and draws their charts."""
