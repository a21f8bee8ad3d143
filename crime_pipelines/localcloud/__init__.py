"""A cloud on this machine: Google's own emulators and stand-ins that speak the same protocols, put together.

For tests, demonstrations and people. Nothing outside of this package knows of it: it gives other processes
their endpoints through the settings and through Google's own variables, as any deployment does.
"""
