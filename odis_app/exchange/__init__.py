"""Import and export engines: what partners keep in spreadsheets comes in checked, and goes out safe to open."""
