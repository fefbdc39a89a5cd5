"""Taking lists out of the house: what may leave is described by the apps, how it leaves is the same for all."""

from crm.core.exporting.files import Made, make, rows_print
from crm.core.exporting.kinds import KINDS, ExportColumn, ExportKind, kind_of, register

__all__ = ["KINDS", "ExportColumn", "ExportKind", "Made", "kind_of", "make", "register", "rows_print"]
