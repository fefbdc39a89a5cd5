"""An import contract of our own: rooms never import doors, and no app imports another app's doors.

import-linter's `forbidden` contract wants every named module to exist; a room of ours exists when it has content.
"""

from typing import Any

from importlinter import Contract, ContractCheck, fields, output

GROUND = "crm.core"  # its doors are the bases on which all others build


class RoomsContract(Contract):
    """Options: `apps`; `rooms` and `doors` as names inside an app; `roof` packages may read the doors of all apps."""

    apps = fields.ListField(subfield=fields.StringField())
    rooms = fields.ListField(subfield=fields.StringField())
    doors = fields.ListField(subfield=fields.StringField())

    def check(self, graph: Any, verbose: bool) -> ContractCheck:
        found = sorted(set(self._found(graph)))
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported, why in check.metadata["found"]:
            output.print_error(f"{importer} imports {imported}: {why}")

    def _inside(self, module: str, names: Any) -> str | None:
        """The app in whose rooms or doors *module* lies."""
        for app in self.apps:
            for name in names:
                if module == f"{app}.{name}" or module.startswith(f"{app}.{name}."):
                    return str(app)
        return None

    def _found(self, graph: Any) -> Any:
        for importer in graph.modules:
            room, door = self._inside(importer, self.rooms), self._inside(importer, self.doors)
            if not room and not door:
                continue
            for imported in graph.find_modules_directly_imported_by(importer):
                target = self._inside(imported, self.doors)
                if target and room:
                    yield importer, imported, "a room never imports a door"
                elif target and target not in {door, GROUND}:
                    yield importer, imported, "an app never imports another app's doors"
