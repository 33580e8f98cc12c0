"""Spreadsheets as people really make them, and what a careful human reads in them."""
