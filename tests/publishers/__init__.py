"""What every network must do, and what each does by itself."""
