"""The rules of the house as programs: each check reads a tree and returns what breaks its rule."""
