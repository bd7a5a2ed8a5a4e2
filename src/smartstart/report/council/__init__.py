"""The council's page: exact facts go through one gate, and what passed it becomes a page, a workbook and a PDF."""
