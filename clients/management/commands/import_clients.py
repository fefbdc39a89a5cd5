from crm.core.importing.command import ImportCommand


class Command(ImportCommand):
    help = "Import clients of a branch from CSV or XLSX."
    kind = "clients"
