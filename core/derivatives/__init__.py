"""Every size and format of a master: found where they were made before, or made once."""

from core.derivatives.service import CENTRE, Derivatives, Derived

__all__ = ["CENTRE", "Derivatives", "Derived"]
