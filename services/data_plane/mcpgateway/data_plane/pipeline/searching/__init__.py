"""Servers in search mode: clients find, read and call their tools by three tools of ours."""
