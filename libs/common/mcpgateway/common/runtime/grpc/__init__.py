"""Channels to gRPC services, to addresses that were judged, and calls of methods in bytes.

Importing its modules, but for `loading`, imports grpcio (12 MB, and threads with the first
channel): processes that may never call a service load what needs it when they first do.
"""
