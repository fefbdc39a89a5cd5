from crm.core.importing.command import ImportCommand


class Command(ImportCommand):
    help = "Import daily assets of a branch's clients from CSV or XLSX."
    kind = "assets"
