"""A stdio MCP server (`python -m mcpgateway.translate.grpc`) whose tools are the methods of a gRPC
service; `translate --grpc` serves it over HTTP."""
