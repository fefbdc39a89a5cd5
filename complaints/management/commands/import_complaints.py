from crm.core.importing.command import ImportCommand


class Command(ImportCommand):
    help = "Import complaints of a branch from CSV or XLSX."
    kind = "complaints"
