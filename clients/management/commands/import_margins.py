from crm.core.importing.command import ImportCommand


class Command(ImportCommand):
    help = "Import the collateral of credit accounts from CSV or XLSX."
    kind = "margins"
