"""What software there is and how it hangs together. No HTTP, no crawling in here."""
