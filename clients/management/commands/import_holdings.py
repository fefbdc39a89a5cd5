from crm.core.importing.command import ImportCommand


class Command(ImportCommand):
    help = "Import what a branch's clients hold from CSV or XLSX."
    kind = "holdings"
