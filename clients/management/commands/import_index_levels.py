from crm.core.importing.command import ImportCommand


class Command(ImportCommand):
    help = "Import closing levels of market indices from CSV or XLSX."
    kind = "index_levels"
