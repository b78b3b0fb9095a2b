"""Who may do what, decided from values alone: for lists and for calls, the same in both planes."""
