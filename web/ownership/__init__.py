"""Teams and people as pages and the API show them: how to reach them, where they stand, what they own, on whom they depend.

It reads the catalog; it knows neither templates nor requests.
"""
