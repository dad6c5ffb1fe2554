"""How invented examples are drawn."""

from hypothesis import settings

settings.register_profile("quick", deadline=None, max_examples=200)
settings.load_profile("quick")
