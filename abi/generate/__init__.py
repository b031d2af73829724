"""Emitters: one module a language, each with emit(model) -> {path in the repository: text}. README.md says how."""
