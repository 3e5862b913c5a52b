"""What people read, in the languages that they read: which one is spoken, and the translation of each text."""
