from crm.core.importing.command import ImportCommand


class Command(ImportCommand):
    help = "Import their clients' accounts from CSV or XLSX."
    kind = "accounts"
