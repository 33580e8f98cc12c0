"""The bars of the product, measured: ``python -m bench [name…] [--repeat N] [--write]``.

Each module has ``run(ground) -> list[Table]``. A figure stands beside its limit; what could not run says so.
"""
