"""Numbered SQL files, run in order, forward only. Each must leave the previous release working."""
