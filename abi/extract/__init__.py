"""What include/capsule/*.h declare, as one dictionary: the content of api.json. README.md has its schema."""

from extract.model import extract

__all__ = ["extract"]
