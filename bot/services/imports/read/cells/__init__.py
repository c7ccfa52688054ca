"""What becomes of a cell before its value is read: guards of spreadsheets, words for nothing, damaged codes."""
