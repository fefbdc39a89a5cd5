from crm.core.importing.command import ImportCommand


class Command(ImportCommand):
    help = "Import the tiers in which clients stood in older systems and paper files from CSV or XLSX."
    kind = "former_tiers"
