"""Finding tools by words: what is indexed of a tool, the index, the ranking (BM25). Pure."""
