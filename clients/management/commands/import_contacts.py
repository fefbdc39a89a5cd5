from crm.core.importing.command import ImportCommand


class Command(ImportCommand):
    help = "Import contact logs of a branch's clients from CSV or XLSX."
    kind = "contacts"
