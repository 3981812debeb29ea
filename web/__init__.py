"""What people and programs see. No SQL in here."""
