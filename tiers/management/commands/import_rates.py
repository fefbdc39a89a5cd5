from crm.core.importing.command import ImportCommand


class Command(ImportCommand):
    help = "Import the rates that the trading system applies from CSV or XLSX."
    kind = "rates"
