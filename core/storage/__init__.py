"""What is stored: kept within bounds, noted as used, compared with the records."""
